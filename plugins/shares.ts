import type { FastifyReply } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { Counter } from 'prom-client'
import type { ShareKind } from '../db/connection/tables.js'
import { DownloadPolicy } from '../downloads/decision.js'
import { capabilityJsonHeaders } from '../downloads/headers.js'
import { DatabaseUnavailableError, ShareNotFoundError, SharesNotConfiguredError } from '../schemas/errors.js'
import type { ShareContent } from '../shares/pack-share.js'
import { createShareTexts } from '../shares/share-text.js'

declare module 'fastify' {
  interface FastifyInstance {
    shares: {
      /** @throws {SharesNotConfiguredError} if the service has no secret of its own to seal links with */
      requireConfigured: () => void
      seal: (content: ShareContent) => string
      /**
       * What a share link leads to, as long as it has neither expired nor been revoked. Anything else gets the same error, and
       * counts as a miss of its client.
       *
       * @returns a promise only if it has to wait
       * @throws {ShareNotFoundError} if it is not such a link
       * @throws {TooManyRequestsError} if the client has missed too often
       * @throws {DatabaseUnavailableError} if this replica has never learnt which links are revoked
       */
      open: (reply: FastifyReply, sealed: string) => ShareContent | Promise<ShareContent>
      /** How share links answer with files. */
      policy: DownloadPolicy
      /** Whether those who open a link may get a pre-signed URL, which shows the object key. */
      showsKeys: boolean
      /** Until when downloads by a link that is revoked now may still begin. */
      bytesUntil: () => Date
    }
  }
  interface FastifyReply {
    /** Answers with a share link that has just been recorded. */
    answerNewShare: (kind: ShareKind, share: ShareContent) => FastifyReply
  }
  interface FastifyRequest {
    /** The id of the share link that was opened. */
    shareId: string | undefined
  }
}

/** Within this time, every replica that reaches the database refuses what was revoked. */
const REVOKED_WITHIN_MS = 1_000

/** Decorates the instance with share links: sealed texts that lead to files for a time. */
export default fastifyPlugin(async (app) => {
  const { SHARE_MODE, DOWNLOAD_MODE, DOWNLOAD_URL_TTL, INLINE_ACTIVE_CONTENT } = app.config
  const mode = SHARE_MODE ?? DOWNLOAD_MODE
  const texts = createShareTexts(app.secrets.service)
  const opened = new Counter({
    name: 'objects_storage_shares_opened_total',
    help: 'Share links that were opened, or refused: forged, ended or revoked.',
    labelNames: ['outcome'],
    registers: [app.metrics],
  })
  const [open, refused] = [opened.labels('opened'), opened.labels('refused')]
  app.decorateRequest('shareId')

  /** Undefined if the link must not be answered, for whatever reason. */
  const openNow = (reply: FastifyReply, sealed: string) => {
    const { known } = app.shareRevocations
    const share = texts.open(sealed)
    if (known === undefined || share === undefined) return undefined
    if (share.expiresAtMs <= Date.now() || known.isRevoked(share)) return undefined
    open.inc()
    reply.request.shareId = share.id
    return share
  }
  const openOrMiss = async (reply: FastifyReply, sealed: string): Promise<ShareContent> => {
    await app.shareRevocations.tried()
    if (app.shareRevocations.known === undefined) throw new DatabaseUnavailableError()
    const share = openNow(reply, sealed)
    if (share !== undefined) return share
    refused.inc()
    await app.limits.downloadMisses.lookUp(reply, async () => undefined)
    throw new ShareNotFoundError()
  }
  const requireConfigured = () => { if (!app.secrets.isServiceOwn) throw new SharesNotConfiguredError() }
  app.decorate('shares', {
    requireConfigured,
    seal: texts.seal,
    open: (reply, sealed) => {
      requireConfigured()
      return openNow(reply, sealed) ?? openOrMiss(reply, sealed)
    },
    policy: new DownloadPolicy(mode, INLINE_ACTIVE_CONTENT),
    showsKeys: mode === 'redirect',
    bytesUntil: () => new Date(Date.now() + REVOKED_WITHIN_MS + (mode === 'redirect' ? DOWNLOAD_URL_TTL * 1000 : 0)),
  })
  app.decorateReply('answerNewShare', function (this: FastifyReply, kind, share) {
    const url = app.shareUrl(this.request, texts.seal(share))
    return this.status(201).headers(capabilityJsonHeaders).send({
      id: share.id,
      url,
      ...kind === 'file' ? {} : { archiveUrl: `${url}/archive` },
      kind,
      expiresAt: new Date(share.expiresAtMs).toISOString(),
    })
  })
}, { name: 'shares', dependencies: ['config', 'secrets', 'limits', 'metrics', 'downloads', 'share-revocations'] })
