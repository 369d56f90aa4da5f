import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { listUserUsage } from '../../../../db/usage/user-usage.js'
import { privateJsonHeaders } from '../../../../http/private-json.js'
import { createListingCursors } from '../../../../objects/listing-cursor.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { PAGE_MAX, positionAfter } from '../../../../schemas/paging.js'
import { reference } from '../../../../schemas/reference.js'
import { UserUsageListSchema, UserUsageQuerySchema } from '../../../../schemas/storage-usage-lists.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  const cursors = createListingCursors(app.secrets.service)

  app.get('/storage-usage/users', {
    config: { roles: ['admin'], action: 'see what each user stores' },
    onRequest: app.limits.lists.spend,
    schema: {
      operationId: 'listUserUsage',
      tags: ['Usage'],
      summary: 'List storage usage by user',
      description: 'What each user of the token\'s organisation who has files stores, in bytes. Each page shows one ' +
        'instant; a user who moves between two pages may appear on both or on neither.',
      querystring: UserUsageQuerySchema,
      response: {
        200: reference(UserUsageListSchema), ...errorResponses(400, 401, 403, 429, 'USAGE_OUT_OF_RANGE', 'DATABASE_UNAVAILABLE'),
      },
    },
  }, async (request, reply) => {
    const { orgKey } = request.user
    const { limit = PAGE_MAX, cursor } = request.query
    const scope = JSON.stringify(['usage by user', orgKey])
    const { users, end } = await listUserUsage(app.database, orgKey, { after: positionAfter(cursors, scope, cursor), limit })
    return await reply.headers(privateJsonHeaders).send({
      users: users.map((user) => ({ ...user, newestEventAt: user.newestEventAt?.toISOString() ?? null })),
      nextCursor: end === undefined ? null : cursors.seal(scope, end),
    })
  })
}

export default route
