import type { FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { Gauge } from 'prom-client'
import { contentRange } from '../http/byte-range.js'
import type { Disposition } from '../downloads/decision.js'
import { representationHeaders, validatorHeaders } from '../downloads/headers.js'
import { openFile } from '../downloads/open-file.js'
import { signalWhenGone } from '../http/client-gone.js'
import { dropIdleClient } from '../http/idle-client.js'
import { evaluatePreconditions } from '../http/preconditions.js'
import type { FileDigests } from '../objects/digests.js'
import { fileNameOf } from '../objects/object-key.js'
import type { ObjectBody, StoredObject } from '../store/object-storage.js'
import { PreconditionFailedError, RangeNotSatisfiableError } from '../schemas/errors.js'

/** A file, and how it was asked for. */
interface StreamedFile {
  objectKey: string
  asked: Disposition
}

declare module 'fastify' {
  interface FastifyReply {
    /**
     * Answers with a file's bytes, following RFC 9110: preconditions, ranges, validators. Bytes flow only as fast as the client
     * takes them; the request to the store ends when the client leaves.
     */
    streamFile: (file: StreamedFile) => Promise<FastifyReply>
    /** Answers as `streamFile` would to GET, without a range and without opening the file (RFC 9110, 9.3.2). */
    describeFile: (file: StreamedFile) => Promise<FastifyReply>
  }
}

/** Decorates replies with a method that sends files. */
export default fastifyPlugin(async (app) => {
  const { INLINE_ACTIVE_CONTENT, STREAM_IDLE_TIMEOUT } = app.config
  const streams = new Gauge({
    name: 'objects_storage_streams_open',
    help: 'Downloads whose bytes are being sent.',
    registers: [app.metrics],
  })

  // Decided by the type that the file turns out to have: it may have been replaced since it was looked up.
  const fileHeaders = (stored: StoredObject, { objectKey, asked }: StreamedFile, { verified: digests }: FileDigests) => {
    const { disposition } = app.downloadPolicy.decide('file', asked, stored.contentType)
    return representationHeaders({ ...stored, digests }, fileNameOf(objectKey), disposition, INLINE_ACTIVE_CONTENT)
  }

  app.decorateReply('describeFile', async function (this: FastifyReply, file) {
    const { objectKey } = file
    const signal = signalWhenGone(this.raw)
    const stored = await app.findFile(this, objectKey, () => app.objectStorage.head(objectKey, signal))
    if (isNotModified(this.request, stored)) return sendNotModified(this, stored)
    const digests = await app.digestsOf(objectKey, stored)
    return this.headers({ ...fileHeaders(stored, file, digests), 'content-length': stored.sizeBytes }).send()
  })

  app.decorateReply('streamFile', async function (this: FastifyReply, file) {
    const { objectKey } = file
    const signal = signalWhenGone(this.raw)
    // The client's place is released once the file is open: sending it takes as long as the client likes.
    const found = await app.findFile(this, objectKey, async () => await openFile({
      storage: app.objectStorage, objectKey, signal, keptDigests: () => app.keptDigests(objectKey),
    }, this.request))
    switch (found.kind) {
      case 'precondition-failed': throw new PreconditionFailedError()
      case 'not-modified': return sendNotModified(this, found.stored)
      case 'unsatisfiable':
        this.header('content-range', contentRange('unsatisfiable', found.stored.sizeBytes))
        throw new RangeNotSatisfiableError()
      case 'opened': return send(this, found.opened, fileHeaders(found.opened.stored, file, found.digests))
    }
  })

  function send (reply: FastifyReply, opened: ObjectBody, headers: Record<string, string>) {
    const { stored, range, lengthBytes, body } = opened
    if (!reply.raw.destroyed) {
      streams.inc()
      reply.raw.once('close', () => { streams.dec() })
    }
    // The store has its own timer.
    dropIdleClient(reply.raw, STREAM_IDLE_TIMEOUT * 1000, reply.log)
    if (range !== undefined) reply.status(206).header('content-range', contentRange(range, stored.sizeBytes))
    return reply.headers({ ...headers, 'content-length': lengthBytes }).send(body)
  }
}, { name: 'object-streaming', dependencies: ['config', 'object-storage', 'digests', 'downloads', 'metrics'] })

/** Whether the client has the current version of the file; throws for 412. */
function isNotModified (request: FastifyRequest, stored: StoredObject): boolean {
  const outcome = evaluatePreconditions(request, stored, new Date())
  if (outcome === 'precondition-failed') throw new PreconditionFailedError()
  return outcome === 'not-modified'
}

function sendNotModified (reply: FastifyReply, stored: StoredObject): FastifyReply {
  return reply.status(304).headers(validatorHeaders(stored)).send()
}
