import type { FastifyReply } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Disposition, DownloadPolicy, Wanted } from '../downloads/decision.js'
import { capabilityJsonHeaders, redirectHeaders } from '../downloads/headers.js'
import { type DownloadLink, type FoundObject, describeLink } from '../downloads/links.js'
import { signalWhenGone } from '../http/client-gone.js'
import { evaluatePreconditions, isConditional } from '../http/preconditions.js'
import { PreconditionFailedError } from '../schemas/errors.js'

/** A file, and how it was asked for. */
interface AskedFile {
  objectKey: string
  asked: Disposition
  wanted: Wanted
  policy: DownloadPolicy
  /** What JSON names in place of a pre-signed URL, which would show the object key. */
  ownLink?: { url: string, expiresAt: Date } | undefined
}

declare module 'fastify' {
  interface FastifyReply {
    /**
     * Answers GET with a file, by its policy: a redirect, its bytes or JSON. For a file that was found recently, the redirect
     * is returned at once, without a promise.
     */
    answerFile: (file: AskedFile) => FastifyReply | Promise<FastifyReply>
  }
}

const linkHeaders = { ...capabilityJsonHeaders, vary: 'accept' } as const

/** Decorates replies with the answer to a request for a file, which downloads and share links both use. */
export default fastifyPlugin(async (app) => {
  const { existence, downloadLink } = app

  app.decorateReply('answerFile', function (this: FastifyReply, { objectKey, asked, wanted, policy, ownLink }) {
    const { request } = this
    const describe = async (stored: FoundObject, link: Pick<DownloadLink, 'url' | 'expiresAt'>) => {
      const digests = await app.digestsOf(objectKey, stored)
      return this.headers(linkHeaders).send(describeLink(objectKey, stored, link, digests))
    }
    const answer = (stored: FoundObject): FastifyReply | Promise<FastifyReply> => {
      const { kind, disposition } = policy.decide(wanted, asked, stored.contentType)
      if (kind === 'stream') return this.streamFile({ objectKey, asked })
      if (kind === 'json' && ownLink !== undefined) return describe(stored, ownLink)
      const link = downloadLink(objectKey, stored, disposition, Date.now())
      if (kind === 'redirect') {
        return this.status(302).headers(redirectHeaders).header('location', app.redirectTarget(request, link.url)).send()
      }
      return describe(stored, { ...link, url: app.reachableUrl(request, link.url) })
    }
    /** Evaluates preconditions against the file's current state, not as it was when recently found. */
    const answerIfAsRequired = async () => {
      const signal = signalWhenGone(this.raw)
      const stored = await app.findFile(this, objectKey, () => app.objectStorage.head(objectKey, signal))
      const outcome = evaluatePreconditions(request, stored, new Date())
      if (outcome === 'precondition-failed') throw new PreconditionFailedError()
      if (outcome === 'not-modified') return this.status(304).headers(linkHeaders).send()
      return await answer({ ...stored, links: {} })
    }

    if (policy.streamsAnyFile(wanted)) return this.streamFile({ objectKey, asked })
    if (wanted === 'json' && isConditional(request)) return answerIfAsRequired()
    const known = existence.known(objectKey)
    // True for most downloads, for which a promise would only cost time.
    if (known !== undefined) return answer(known)
    const find = async () => await answer(await app.findFile(this, objectKey, async () => await existence.find(objectKey)))
    return find()
  })
}, { name: 'file-answers', dependencies: ['downloads', 'digests', 'object-streaming', 'object-storage'] })
