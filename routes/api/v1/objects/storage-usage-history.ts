import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { readUsageHistory } from '../../../../db/usage/history.js'
import { readToday, utcDay } from '../../../../db/usage/snapshots.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { InvalidRequestError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'
import { HISTORY_ANSWER_MAX_DAYS, UsageHistoryQuerySchema, UsageHistorySchema } from '../../../../schemas/usage-history.js'

const DEFAULT_DAYS = 30

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/storage-usage/history', {
    config: { roles: ['member', 'service', 'admin'] },
    schema: {
      operationId: 'readStorageUsageHistory',
      tags: ['Usage'],
      summary: 'Read the organisation\'s storage usage day by day',
      description: 'What the token\'s organisation stored at the end of each day (UTC), in bytes: at most 400 days in one answer, and ' +
        'no more than 400 days back. Days before the organisation had its first file at the end of one are left out, as are ' +
        'those before the service was first started. The days of all users are kept together, so this does not tell one user\'s.',
      querystring: UsageHistoryQuerySchema,
      response: { 200: reference(UsageHistorySchema), ...errorResponses(400, 401, 'USAGE_OUT_OF_RANGE', 'DATABASE_UNAVAILABLE') },
    },
  }, async (request, reply) => {
    const { orgKey } = request.user
    const today = await readToday(app.database)
    const { to = today, workflowId } = request.query
    const { from = utcDay(new Date(to), DEFAULT_DAYS - 1) } = request.query
    if (from > to) throw new InvalidRequestError('querystring/from must not be after querystring/to.')
    if (from < utcDay(new Date(to), HISTORY_ANSWER_MAX_DAYS - 1)) {
      throw new InvalidRequestError(`querystring/from and querystring/to must be at most ${HISTORY_ANSWER_MAX_DAYS} days, both ends included.`)
    }
    const days = await readUsageHistory(app.database, { orgKey, workflowId, from, to, today })
    return await reply.headers({ 'cache-control': 'private, no-cache', vary: 'authorization' }).send({ orgKey, from, to, days })
  })
}

export default route
