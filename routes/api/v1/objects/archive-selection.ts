import { randomUUID } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { listSelected } from '../../../../db/runs/archived-files.js'
import { recordSelection } from '../../../../db/shares/selections.js'
import { parseObjectKey } from '../../../../objects/object-key.js'
import { SelectionRequestSchema } from '../../../../schemas/archives.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { ObjectNotFoundError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'
import { SHARE_DEFAULT_SECONDS, ShareSchema } from '../../../../schemas/shares.js'
import { mayList } from '../../../../schemas/token-claims.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/archive', {
    config: { roles: ['member', 'service', 'admin'] },
    onRequest: app.limits.shares.spend,
    schema: {
      operationId: 'createArchiveSelection',
      tags: ['Files'],
      summary: 'Select files for one archive',
      description: 'A share link to up to 1,000 files of the organisation, a member\'s to their own: `archiveUrl` downloads them as one archive, ' +
        '`url` lists them. All of them must be counted when they are selected; one that is deleted later is left out. The ' +
        'link ends and can be revoked like any other.',
      body: reference(SelectionRequestSchema),
      response: {
        201: reference(ShareSchema),
        ...errorResponses(400, 401, 'OBJECT_NOT_FOUND', 413, 415, 429, 'USAGE_OUT_OF_RANGE', 'SHARES_NOT_CONFIGURED', 'DATABASE_UNAVAILABLE'),
      },
    },
  }, async (request, reply) => {
    app.shares.requireConfigured()
    const { user: { orgKey, userId }, body: { expiresIn = SHARE_DEFAULT_SECONDS, note = null } } = request
    const objectKeys = [...new Set(request.body.objectKeys)]
    // Callers must not learn whether a file that they may not share exists.
    if (!objectKeys.every((objectKey) => mayList(request.user, parseObjectKey(objectKey)))) throw new ObjectNotFoundError()
    const listed = await listSelected(app.database, orgKey, objectKeys)
    if (listed.length < objectKeys.length) throw new ObjectNotFoundError()
    const id = randomUUID()
    const kind = 'selection'
    const { madeAtMicros, expiresAt } = await recordSelection(
      app.database, { id, orgKey, madeBy: userId, kind, note, lifetimeSeconds: expiresIn }, objectKeys)
    const share = { id, orgKey, madeAtMicros, expiresAtMs: expiresAt.getTime(), disposition: 'attachment', target: { kind } } as const
    return reply.answerNewShare(kind, share)
  })
}

export default route
