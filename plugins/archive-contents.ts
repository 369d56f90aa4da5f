import type { FastifyReply } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { ArchiveFormat } from '../archives/archive-format.js'
import { type ListedForArchive, type RunFilesScope, listForArchive, listSelected } from '../db/runs/archived-files.js'
import { readSelection } from '../db/shares/selections.js'
import { readWorkflowName } from '../db/usage/workflow-names.js'
import type { ShareContent } from '../shares/pack-share.js'

type Format = ArchiveFormat['name']

declare module 'fastify' {
  interface FastifyReply {
    /**
     * Answers with an archive of a run's files, named after workflow and run.
     *
     * @throws {NotReadyError} if files are still being counted in their runs; and like `answerArchive`
     */
    answerRunArchive: (scope: RunFilesScope, format: Format) => Promise<FastifyReply>
    /** Answers with an archive of the files that a share link leads to; throws like `answerRunArchive`. */
    answerSharedArchive: (share: ShareContent, format: Format) => Promise<FastifyReply>
  }
}

/** Decorates replies with the archives that requests ask for: of a run, or of what a share link leads to. */
export default fastifyPlugin(async (app) => {
  app.decorateReply('answerRunArchive', async function (this: FastifyReply, scope, format) {
    const { orgKey, workflowId, runId } = scope
    await app.runs.requireCounted()
    const workflowName = await readWorkflowName(app.database, orgKey, workflowId)
    return await this.answerArchive({ files: listForArchive(app.database, scope), format, name: `${workflowName ?? workflowId} ${runId}` })
  })

  app.decorateReply('answerSharedArchive', async function (this: FastifyReply, { id, orgKey, target }, format) {
    await app.limits.sharedPages.spend(this.request, this)
    if (target.kind === 'files') return await this.answerRunArchive({ ...target, orgKey, direction: undefined }, format)
    const listed = async function * (): AsyncGenerator<ListedForArchive[]> {
      const objectKeys = target.kind === 'file' ? [target.objectKey] : await readSelection(app.database, id)
      yield await listSelected(app.database, orgKey, objectKeys)
    }
    return await this.answerArchive({ files: listed(), format, name: 'files' })
  })
}, { name: 'archive-contents', dependencies: ['archives', 'run-backfill', 'limits', 'shares', 'database'] })
