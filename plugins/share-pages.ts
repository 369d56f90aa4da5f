import type { FastifyReply } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { listFolders } from '../db/runs/folders.js'
import { capabilityJsonHeaders } from '../downloads/headers.js'
import { createListingCursors } from '../objects/listing-cursor.js'
import { fileNameOf, parseObjectKey } from '../objects/object-key.js'
import { PAGE_MAX, positionAfter } from '../schemas/paging.js'
import type { ShareContent, ShareTarget } from '../shares/pack-share.js'
import { sharePageDocument, sharePageHeaders } from '../shares/page-document.js'

/** Which page, and in which form. */
interface AskedPage {
  cursor: string | undefined
  wanted: 'html' | 'json'
}

type SharedFolder = ShareTarget & { kind: 'files' }

declare module 'fastify' {
  interface FastifyReply {
    /**
     * Answers with a page of the files that a share link leads to, each with a link of its own that ends with this one.
     *
     * @throws {InvalidRequestError} if the cursor is not one of this link
     * @throws {NotReadyError} if files are still being counted in their runs
     */
    answerSharePage: (share: ShareContent, target: SharedFolder, page: AskedPage) => Promise<FastifyReply>
    /** Answers HEAD for such a page; the database is not asked. */
    describeSharePage: (wanted: AskedPage['wanted']) => FastifyReply
  }
}

const pageHeaders = { ...capabilityJsonHeaders, vary: 'accept' } as const

/** Decorates replies with the pages of runs and folders that are shared. */
export default fastifyPlugin(async (app) => {
  const cursors = createListingCursors(app.secrets.service)

  /** Where a page continues depends on all that decides what it lists. */
  const cursorScopeOf = ({ id, orgKey }: ShareContent, { workflowId, runId, createdBy, prefix }: SharedFolder) =>
    JSON.stringify(['shared', id, orgKey, workflowId, runId, createdBy ?? null, prefix])

  const readPage = async (share: ShareContent, target: SharedFolder, cursor: string | undefined) => {
    const scope = cursorScopeOf(share, target)
    const after = positionAfter(cursors, scope, cursor)
    await app.runs.requireCounted()
    const query = { ...target, orgKey: share.orgKey, hasFolders: true, hasSums: false }
    const { folders, files, end } = await listFolders(app.database, query, { after, limit: PAGE_MAX })
    const sealedFor = (each: ShareTarget) => app.shares.seal({ ...share, target: each })
    return {
      folders: folders.map(({ path }) => ({ path, sealed: sealedFor({ ...target, prefix: path }) })),
      files: files.flatMap(({ objectKey, sizeBytes, createdAt }) => {
        const parts = parseObjectKey(objectKey)
        if (parts === undefined) return []
        const { path, direction } = parts
        const sealed = sealedFor({ kind: 'file', objectKey })
        return [{ path, direction, bytes: sizeBytes, createdAt: createdAt?.toISOString() ?? null, sealed }]
      }),
      nextCursor: end === undefined ? null : cursors.seal(scope, end),
    }
  }

  app.decorateReply('describeSharePage', function (this: FastifyReply, wanted) {
    return wanted === 'html'
      ? this.headers({ ...pageHeaders, ...sharePageHeaders }).send()
      : this.headers(pageHeaders).type('application/json; charset=utf-8').send()
  })

  app.decorateReply('answerSharePage', async function (this: FastifyReply, share, target, { cursor, wanted }) {
    const { request } = this
    await app.limits.sharedPages.spend(request, this)
    const { folders, files, nextCursor } = await readPage(share, target, cursor)
    const expiresAt = new Date(share.expiresAtMs)
    if (wanted === 'json') {
      return this.headers(pageHeaders).send({
        folders: folders.map(({ path, sealed }) => ({ path, url: app.shareUrl(request, sealed) })),
        files: files.map(({ sealed, ...file }) => ({
          fileName: fileNameOf(file.path), ...file, url: app.shareUrl(request, sealed),
        })),
        expiresAt: expiresAt.toISOString(),
        nextCursor,
      })
    }
    // Relative to the address as the client wrote it, which may end with a slash: it holds behind any proxy.
    const base = /^[^?]*\/(?:\?|$)/.test(request.originalUrl) ? '../' : ''
    const document = sharePageDocument({
      prefix: target.prefix,
      folders: folders.map(({ path, sealed }) => ({ path, href: base + sealed })),
      files: files.map(({ sealed, ...file }) => ({ ...file, href: base + sealed })),
      expiresAt,
      nextHref: nextCursor === null ? undefined : `?cursor=${nextCursor}`,
    })
    return this.headers({ ...pageHeaders, ...sharePageHeaders }).send(document)
  })
}, { name: 'share-pages', dependencies: ['shares', 'database', 'run-backfill', 'downloads', 'secrets', 'limits'] })
