import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { readUsageHistory } from '../../../../db/usage/history.js'
import { readToday, utcDay } from '../../../../db/usage/snapshots.js'
import { privateJsonHeaders } from '../../../../http/private-json.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { ForbiddenError, InvalidRequestError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'
import { mayActFor } from '../../../../schemas/token-claims.js'
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
        'no more than 400 days back. Days before the organisation\'s first file are left out, as are days before the ' +
        'service was first started. With `createdBy`, the same holds for that user.',
      querystring: UsageHistoryQuerySchema,
      response: { 200: reference(UsageHistorySchema), ...errorResponses(400, 401, 403, 'USAGE_OUT_OF_RANGE', 'DATABASE_UNAVAILABLE') },
    },
  }, async (request, reply) => {
    const { orgKey } = request.user
    const { workflowId, createdBy } = request.query
    if (createdBy !== undefined && !mayActFor(request.user, createdBy)) {
      throw new ForbiddenError('Only an admin may ask for another user\'s usage.')
    }
    if (createdBy !== undefined && workflowId !== undefined) {
      throw new InvalidRequestError('querystring/createdBy and querystring/workflowId exclude each other: days are not kept of both.')
    }
    const today = await readToday(app.database)
    const { to = today } = request.query
    const { from = utcDay(new Date(to), DEFAULT_DAYS - 1) } = request.query
    if (from > to) throw new InvalidRequestError('querystring/from must not be after querystring/to.')
    if (from < utcDay(new Date(to), HISTORY_ANSWER_MAX_DAYS - 1)) {
      throw new InvalidRequestError(`querystring/from and querystring/to must be at most ${HISTORY_ANSWER_MAX_DAYS} days, both ends included.`)
    }
    const days = await readUsageHistory(app.database, { orgKey, workflowId, createdBy, from, to, today })
    return await reply.headers(privateJsonHeaders).send({ orgKey, from, to, days })
  })
}

export default route
