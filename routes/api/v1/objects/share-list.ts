import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { listShares } from '../../../../db/shares/shares.js'
import { privateJsonHeaders } from '../../../../http/private-json.js'
import { createListingCursors } from '../../../../objects/listing-cursor.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { PAGE_MAX, positionAfter } from '../../../../schemas/paging.js'
import { reference } from '../../../../schemas/reference.js'
import { ShareListSchema, SharesQuerySchema } from '../../../../schemas/shares.js'
import { hasRole } from '../../../../schemas/token-claims.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  const cursors = createListingCursors(app.secrets.service)

  app.get('/shares', {
    config: { roles: ['member', 'service', 'admin'] },
    onRequest: app.limits.lists.spend,
    schema: {
      operationId: 'listShares',
      tags: ['Files'],
      summary: 'List share links',
      description: 'The share links that the caller made, or for an admin, all of the organisation\'s, with when and how ' +
        'often each was used. The links themselves and what they lead to are not kept, and so are not listed.',
      querystring: SharesQuerySchema,
      response: {
        200: reference(ShareListSchema),
        ...errorResponses(400, 401, 429, 'USAGE_OUT_OF_RANGE', 'SHARES_NOT_CONFIGURED', 'DATABASE_UNAVAILABLE'),
      },
    },
  }, async ({ user, query: { limit = PAGE_MAX, cursor } }, reply) => {
    app.shares.requireConfigured()
    const { orgKey, userId } = user
    const madeBy = hasRole(user, ['admin']) ? undefined : userId
    const scope = JSON.stringify(['shares', orgKey, madeBy ?? null])
    const after = positionAfter(cursors, scope, cursor)
    const { shares, end } = await listShares(app.database, { orgKey, madeBy }, { after, limit })
    return await reply.headers(privateJsonHeaders).send({
      shares: shares.map((share) => ({
        ...share,
        createdAt: share.createdAt.toISOString(),
        expiresAt: share.expiresAt.toISOString(),
        lastUsedAt: share.lastUsedAt?.toISOString() ?? null,
        revokedAt: share.revokedAt?.toISOString() ?? null,
      })),
      nextCursor: end === undefined ? null : cursors.seal(scope, end),
    })
  })
}

export default route
