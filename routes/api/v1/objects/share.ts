import { randomUUID } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { recordShare } from '../../../../db/shares/shares.js'
import { parseObjectKey } from '../../../../objects/object-key.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { InvalidRequestError, ObjectNotFoundError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'
import { SHARE_DEFAULT_SECONDS, ShareRequestSchema, ShareSchema } from '../../../../schemas/shares.js'
import { type Caller, mayList, onlyListedCreator } from '../../../../schemas/token-claims.js'
import type { ShareTarget } from '../../../../shares/pack-share.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/shares', {
    config: { roles: ['member', 'service', 'admin'] },
    onRequest: app.limits.shares.spend,
    schema: {
      operationId: 'createShare',
      tags: ['Files'],
      summary: 'Make a share link',
      description: 'A link to a file, or to those of a run or folder, for anyone who has it, until it ends or is revoked. It shows no object ' +
        'key. A member\'s link covers files that they created; an admin\'s or a service\'s covers those of everyone in the ' +
        'organisation. A link to a run is live: it leads to the files that are there when it is opened, and may be made ' +
        'before there are any.',
      body: reference(ShareRequestSchema),
      response: {
        201: reference(ShareSchema),
        ...errorResponses(400, 401, 'OBJECT_NOT_FOUND', 413, 415, 429, 'SHARES_NOT_CONFIGURED', 502, 'STORE_UNAVAILABLE', 'DATABASE_UNAVAILABLE'),
      },
    },
  }, async (request, reply) => {
    app.shares.requireConfigured()
    const { user: { orgKey, userId }, body } = request
    const { objectKey, workflowId, runId, prefix, expiresIn = SHARE_DEFAULT_SECONDS, type: disposition = 'attachment', note = null } = body
    const target = await targetOf(request.user, reply, { objectKey, workflowId, runId, prefix })
    const id = randomUUID()
    const kind = target.kind === 'files' ? target.prefix === '' ? 'run' : 'folder' : target.kind
    const { madeAtMicros, expiresAt } = await recordShare(app.database, {
      id, orgKey, madeBy: userId, kind, note, lifetimeSeconds: expiresIn,
    })
    return reply.answerNewShare(kind, { id, orgKey, madeAtMicros, expiresAtMs: expiresAt.getTime(), disposition, target })
  })

  const targetOf = async (
    caller: Caller, reply: FastifyReply,
    { objectKey, workflowId, runId, prefix = '' }: Record<'objectKey' | 'workflowId' | 'runId' | 'prefix', string | undefined>,
  ): Promise<ShareTarget> => {
    if (objectKey === undefined) {
      if (workflowId === undefined || runId === undefined) throw new InvalidRequestError('body must name a file or a run.')
      return { kind: 'files', workflowId, runId, createdBy: onlyListedCreator(caller), prefix }
    }
    if (workflowId !== undefined || runId !== undefined || prefix !== '') {
      throw new InvalidRequestError('body/objectKey must not come with workflowId, runId or prefix.')
    }
    await requireSharable(caller, reply, objectKey)
    return { kind: 'file', objectKey }
  }

  /** Callers must not learn whether a file that they may not share exists. */
  const requireSharable = async (caller: Caller, reply: FastifyReply, objectKey: string) => {
    if (!mayList(caller, parseObjectKey(objectKey))) throw new ObjectNotFoundError()
    await app.findFile(reply, objectKey, async () => await app.existence.find(objectKey))
  }
}

export default route
