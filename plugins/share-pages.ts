import type { FastifyReply } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { CountedFile } from '../db/run-files.js'
import { listSelected } from '../db/runs/archived-files.js'
import { listFolders } from '../db/runs/folders.js'
import { readSelection } from '../db/shares/selections.js'
import { capabilityJsonHeaders } from '../downloads/headers.js'
import { createListingCursors } from '../objects/listing-cursor.js'
import { compareObjectKeys } from '../objects/key-order.js'
import { fileNameOf, parseObjectKey, pathOf } from '../objects/object-key.js'
import { PAGE_MAX, positionAfter } from '../schemas/paging.js'
import type { ShareContent, ShareTarget } from '../shares/pack-share.js'
import { sharePageDocument, sharePageHeaders } from '../shares/page-document.js'

/** Which page, and in which form. */
interface AskedPage {
  /** The end of the link that leads to it. */
  sealed: string
  cursor: string | undefined
  wanted: 'html' | 'json'
}

type SharedFolder = ShareTarget & { kind: 'files' }
/** The targets with several files, which are listed. */
type SharedFiles = Exclude<ShareTarget, { kind: 'file' }>

declare module 'fastify' {
  interface FastifyReply {
    /**
     * Answers with a page of the files that a share link leads to, each with a link of its own that ends when this one does.
     *
     * @throws {InvalidRequestError} if the cursor does not belong to this link
     * @throws {NotReadyError} if files are still being counted in their runs
     */
    answerSharePage: (share: ShareContent, target: SharedFiles, page: AskedPage) => Promise<FastifyReply>
    /** Answers HEAD for such a page without asking the database. */
    describeSharePage: (wanted: AskedPage['wanted']) => FastifyReply
  }
}

const pageHeaders = { ...capabilityJsonHeaders, vary: 'accept' } as const

/** Decorates replies with the pages of shared runs, folders and selections. */
export default fastifyPlugin(async (app) => {
  const cursors = createListingCursors(app.secrets.service)

  /** A cursor is valid only for a list with the same scope: everything that decides what it contains. */
  const cursorScopeOf = ({ id, orgKey }: ShareContent, { workflowId, runId, createdBy, prefix }: SharedFolder) =>
    JSON.stringify(['shared', id, orgKey, workflowId, runId, createdBy ?? null, prefix])

  const readPage = async (share: ShareContent, target: SharedFiles, cursor: string | undefined) =>
    target.kind === 'files' ? await readFolderPage(share, target, cursor) : await readSelectionPage(share, cursor)

  const readFolderPage = async (share: ShareContent, target: SharedFolder, cursor: string | undefined) => {
    const scope = cursorScopeOf(share, target)
    const after = positionAfter(cursors, scope, cursor)
    await app.runs.requireCounted()
    const query = { ...target, orgKey: share.orgKey, hasFolders: true, hasSums: false }
    const { folders, files, end } = await listFolders(app.database, query, { after, limit: PAGE_MAX })
    const sealFolder = (path: string) => app.shares.seal({ ...share, target: { ...target, prefix: path } })
    return {
      folders: folders.map(({ path }) => ({ path, sealed: sealFolder(path) })),
      files: describeFiles(share, files),
      nextCursor: end === undefined ? null : cursors.seal(scope, end),
    }
  }

  /** A selection is small enough to be sorted for each page. */
  const readSelectionPage = async (share: ShareContent, cursor: string | undefined) => {
    const scope = JSON.stringify(['selected', share.id, share.orgKey])
    const after = positionAfter(cursors, scope, cursor)
    const selected = await listSelected(app.database, share.orgKey, await readSelection(app.database, share.id))
    const rest = selected.map((file) => ({ ...file, position: `${pathOf(file.objectKey)}\0${file.objectKey}` }))
      .sort((one, other) => compareObjectKeys(one.position, other.position))
      .filter(({ position }) => after === undefined || compareObjectKeys(position, after) > 0)
    const files = rest.slice(0, PAGE_MAX)
    const end = rest.length > files.length ? files.at(-1)?.position : undefined
    return { folders: [], files: describeFiles(share, files), nextCursor: end === undefined ? null : cursors.seal(scope, end) }
  }

  const describeFiles = (share: ShareContent, files: readonly CountedFile[]) =>
    files.flatMap(({ objectKey, sizeBytes, createdAt }) => {
      const parts = parseObjectKey(objectKey)
      if (parts === undefined) return []
      const { path, direction } = parts
      const sealed = app.shares.seal({ ...share, target: { kind: 'file', objectKey } })
      return [{ path, direction, bytes: sizeBytes, createdAt: createdAt?.toISOString() ?? null, sealed }]
    })

  app.decorateReply('describeSharePage', function (this: FastifyReply, wanted) {
    return wanted === 'html'
      ? this.headers({ ...pageHeaders, ...sharePageHeaders }).send()
      : this.headers(pageHeaders).type('application/json; charset=utf-8').send()
  })

  app.decorateReply('answerSharePage', async function (this: FastifyReply, share, target, { cursor, wanted, sealed }) {
    const { request } = this
    await app.limits.sharedPages.spend(request, this)
    const { folders, files, nextCursor } = await readPage(share, target, cursor)
    const expiresAt = new Date(share.expiresAtMs)
    if (wanted === 'json') {
      return this.headers(pageHeaders).send({
        folders: folders.map(({ path, sealed: ofFolder }) => ({ path, url: app.shareUrl(request, ofFolder) })),
        files: files.map(({ sealed: ofFile, ...file }) => ({
          fileName: fileNameOf(file.path), ...file, url: app.shareUrl(request, ofFile),
        })),
        archiveUrl: `${app.shareUrl(request, sealed)}/archive`,
        expiresAt: expiresAt.toISOString(),
        nextCursor,
      })
    }
    // Relative to the address as the client wrote it, which may end with a slash: this works behind any proxy.
    const base = /^[^?]*\/(?:\?|$)/.test(request.originalUrl) ? '../' : ''
    const document = sharePageDocument({
      prefix: target.kind === 'files' ? target.prefix : '',
      archiveHref: `${base}${sealed}/archive`,
      folders: folders.map(({ path, sealed: ofFolder }) => ({ path, href: base + ofFolder })),
      files: files.map(({ sealed: ofFile, ...file }) => ({ ...file, href: base + ofFile })),
      expiresAt,
      nextHref: nextCursor === null ? undefined : `?cursor=${nextCursor}`,
    })
    return this.headers({ ...pageHeaders, ...sharePageHeaders }).send(document)
  })
}, { name: 'share-pages', dependencies: ['shares', 'database', 'run-backfill', 'downloads', 'secrets', 'limits'] })
