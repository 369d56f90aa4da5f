import { Readable } from 'node:stream'
import { crc32 as updateCrc32 } from 'node:zlib'
import type { FastifyReply } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { Counter, Gauge } from 'prom-client'
import type { ArchiveFormat } from '../archives/archive-format.js'
import { FileChecksums } from '../archives/checksums.js'
import { FilesAhead } from '../archives/files-ahead.js'
import { type ArchiveLayout, type ArchivedFile, layOutArchive } from '../archives/layout.js'
import { tarFormat } from '../archives/tar-format.js'
import { checksumsNeededFor, filePartsOf, writeRange } from '../archives/write-range.js'
import { zipFormat } from '../archives/zip-format.js'
import { type FileCrc32, keepCrc32s } from '../db/digests.js'
import type { ListedForArchive } from '../db/runs/archived-files.js'
import { archiveHeaders } from '../downloads/headers.js'
import { contentRange, selectRange } from '../http/byte-range.js'
import { signalWhenGone } from '../http/client-gone.js'
import { dropIdleClient } from '../http/idle-client.js'
import { evaluatePreconditions } from '../http/preconditions.js'
import { redactObjectKey } from '../objects/redacted-key.js'
import { ArchiveChangedError, ArchiveTooLargeError, ArchivesBusyError, PreconditionFailedError, RangeNotSatisfiableError } from '../schemas/errors.js'
import type { ReadRange } from '../store/object-storage.js'

/** An archive, and how it was asked for. */
interface AskedArchive {
  /** Listed once. */
  files: AsyncIterable<readonly ListedForArchive[]>
  format: ArchiveFormat['name']
  /** Without an extension. */
  name: string
}

declare module 'fastify' {
  interface FastifyReply {
    /**
     * Answers GET with an archive of files, or HEAD with its headers, following RFC 9110: preconditions, ranges, validators.
     * It contains the files exactly as they were listed, or breaks off.
     *
     * @throws {ArchivesBusyError} if too many are being sent
     * @throws {ArchiveTooLargeError} if there are too many files
     * @throws {ArchiveChangedError} if the first file to be sent is no longer as it was listed
     */
    answerArchive: (asked: AskedArchive) => Promise<FastifyReply>
  }
}

const MAX_FILES = 100_000
const LOOK_UPS_AT_ONCE = 8
const KEPT_AT_ONCE = 1_000

/** Decorates replies with a method that sends many files as one archive. */
export default fastifyPlugin(async (app) => {
  const { ARCHIVES_AT_ONCE, STREAM_IDLE_TIMEOUT } = app.config
  const open = new Gauge({
    name: 'objects_storage_archives_open', help: 'Archives that are being sent.', registers: [app.metrics],
  })
  const rereadBytes = new Counter({
    name: 'objects_storage_archive_reread_bytes_total',
    help: 'Bytes of files that were read only for their CRC-32, which was not known when a part of a ZIP archive was requested.',
    registers: [app.metrics],
  })
  const keeping = new Set<Promise<void>>()
  let openCount = 0

  /** Takes one of the places, and releases it when the response has ended. */
  const takePlace = (reply: FastifyReply) => {
    if (openCount >= ARCHIVES_AT_ONCE) throw new ArchivesBusyError()
    openCount++
    open.set(openCount)
    reply.raw.once('close', () => {
      openCount--
      open.set(openCount)
    })
  }

  /** Counts a file again that is no longer as it was counted. */
  const changed = (objectKey: string, { wasStored }: { wasStored: boolean }) => {
    app.log.info({ object: redactObjectKey(objectKey) }, 'a file of an archive has changed since it was counted')
    app.bucketEvents.recount(objectKey, { wasStored }).catch(() => {})
    return new ArchiveChangedError()
  }

  const readFile = async ({ objectKey, entityTag }: ArchivedFile, range: ReadRange | undefined, signal: AbortSignal) => {
    const opened = await app.objectStorage.read(objectKey, { range, ifMatch: entityTag, signal })
    if (opened !== undefined && opened !== 'changed') return opened
    throw changed(objectKey, { wasStored: opened === 'changed' })
  }

  /** The CRC-32 of a file that is not sent whole: the store's own, or one computed from its bytes. */
  const findCrc32 = async (file: ArchivedFile, signal: AbortSignal): Promise<number> => {
    const stored = await app.objectStorage.head(file.objectKey, signal)
    if (stored?.crc32 !== undefined && stored.entityTag === file.entityTag) return stored.crc32
    const { body } = await readFile(file, undefined, signal)
    let [crc32, length] = [0, 0]
    for await (const chunk of body) {
      rereadBytes.inc(chunk.length)
      crc32 = updateCrc32(chunk, crc32)
      length += chunk.length
    }
    if (length !== file.sizeBytes) throw changed(file.objectKey, { wasStored: true })
    return crc32
  }

  /** Stores computed checksums in the background; if that fails, the next archive only takes longer. */
  const keep = (layout: ArchiveLayout, checksums: FileChecksums) => {
    const computed: FileCrc32[] = []
    for (let index = 0; index < layout.count; index++) {
      const { objectKey, entityTag, sizeBytes, crc32: before } = layout.file(index)
      const crc32 = checksums.known(index)
      if (crc32 === undefined || before !== undefined || sizeBytes === 0) continue
      computed.push({ objectKey, entityTag: entityTag.replaceAll('"', ''), crc32 })
    }
    const writeAll = async () => {
      for (let at = 0; at < computed.length; at += KEPT_AT_ONCE) {
        await keepCrc32s(app.database, computed.slice(at, at + KEPT_AT_ONCE))
      }
    }
    const written = writeAll().catch((error: unknown) => { app.log.warn({ err: error }, 'could not store the checksums of an archive\'s files') })
    keeping.add(written)
    written.finally(() => { keeping.delete(written) })
  }

  /**
   * The bytes of a range, once its first file is open and something can be sent: until then, an error can be answered.
   */
  const openRange = async (
    reply: FastifyReply, layout: ArchiveLayout, range: ReadRange, signal: AbortSignal,
  ): Promise<Readable> => {
    const checksums = new FileChecksums(layout, async (file) => await findCrc32(file, signal))
    const files = new FilesAhead(filePartsOf(layout, range), async ({ index, first, last }) => {
      const file = layout.file(index)
      const isWhole = first === 0 && last === file.sizeBytes - 1
      return (await readFile(file, isWhole ? undefined : { first, last }, signal)).body
    })
    try {
      await files.begin()
    } catch (error) {
      files.close()
      throw error
    }
    checksums.prepare(checksumsNeededFor(layout, range))
    if (layout.format.hasChecksums) reply.raw.once('close', () => { keep(layout, checksums) })
    const pieces = writeRange(layout, range, files, checksums)
    const first = await pieces.next()
    dropIdleClient(reply.raw, STREAM_IDLE_TIMEOUT * 1000, reply.log)
    return Readable.from(first.done === true ? [] : precededBy(first.value, pieces), { objectMode: false })
  }

  app.decorateReply('answerArchive', async function (this: FastifyReply, { files, format, name }) {
    const { request } = this
    const signal = signalWhenGone(this.raw)
    takePlace(this)
    const layout = await layOutArchive(format === 'zip' ? zipFormat : tarFormat, await listFiles(files, signal))
    const { entityTag, sizeBytes } = layout
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers
    const described = { entityTag, lastModified: UNKNOWN, sizeBytes }
    // An archive has no date, so dates must be ignored (RFC 9110, 13.1.3 and 13.1.4).
    const outcome = evaluatePreconditions({ method: request.method, headers: { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } }, described, new Date())
    if (outcome === 'precondition-failed') throw new PreconditionFailedError()
    const headers = archiveHeaders({ entityTag, mediaType: layout.format.mediaType, fileName: `${name}.${format}` })
    if (outcome === 'not-modified') return this.status(304).headers(headers).send()
    const selection = selectRange(request, described, new Date())
    if (selection === 'unsatisfiable') {
      this.header('content-range', contentRange('unsatisfiable', sizeBytes))
      throw new RangeNotSatisfiableError()
    }
    if (request.method === 'HEAD') return this.headers({ ...headers, 'content-length': sizeBytes }).send()
    const range = selection === 'whole' ? { first: 0, last: sizeBytes - 1 } : selection
    const body = await openRange(this, layout, range, signal)
    // Not earlier: an error must not have these headers.
    if (selection !== 'whole') this.status(206).header('content-range', contentRange(selection, sizeBytes))
    return this.headers({ ...headers, 'content-length': range.last - range.first + 1 }).send(body)
  })

  const listFiles = async (pages: AsyncIterable<readonly ListedForArchive[]>, signal: AbortSignal): Promise<ArchivedFile[]> => {
    const listed: ArchivedFile[] = []
    for await (const page of pages) {
      signal.throwIfAborted()
      if (listed.length + page.length > MAX_FILES) throw new ArchiveTooLargeError()
      for (const file of await describeAll(page, signal)) listed.push(file)
    }
    return listed
  }

  /** If a file's event had no entity tag, neither does the catalogue, and the store is asked. */
  const describeAll = async (page: readonly ListedForArchive[], signal: AbortSignal): Promise<ArchivedFile[]> => {
    const described: ArchivedFile[] = []
    const unknown: ListedForArchive[] = []
    for (const file of page) {
      const { objectKey, sizeBytes, entityTag, createdAt: modifiedAt, crc32 } = file
      if (entityTag === undefined) unknown.push(file)
      else described.push({ objectKey, sizeBytes, entityTag: `"${entityTag}"`, modifiedAt, crc32 })
    }
    const rest = unknown.values()
    const work = async () => {
      for (const { objectKey, createdAt: modifiedAt } of rest) {
        const stored = await app.objectStorage.head(objectKey, signal)
        if (stored === undefined) continue
        const { sizeBytes, entityTag, crc32 } = stored
        described.push({ objectKey, sizeBytes, entityTag, modifiedAt, crc32 })
      }
    }
    await Promise.all(Array.from({ length: Math.min(LOOK_UPS_AT_ONCE, unknown.length) }, work))
    return described
  }

  app.addHook('onClose', async () => { await Promise.all(keeping) })
}, { name: 'archives', dependencies: ['config', 'object-storage', 'database', 'bucket-events', 'metrics'] })

const UNKNOWN = new Date(Number.NaN)

async function * precededBy (first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  yield first
  yield * rest
}
