import { hash } from 'node:crypto'
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { readStorageUsage } from '../../../../db/usage/storage-usage.js'
import { matchesWeakly, parseEntityTags } from '../../../../http/entity-tag.js'
import { privateJsonHeaders } from '../../../../http/private-json.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { ForbiddenError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'
import { StorageUsageQuerySchema, StorageUsageSchema } from '../../../../schemas/storage-usage.js'
import { mayActFor } from '../../../../schemas/token-claims.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/storage-usage', {
    config: { roles: ['member', 'service', 'admin'] },
    schema: {
      operationId: 'readStorageUsage',
      tags: ['Usage'],
      summary: 'Read the organisation\'s storage usage',
      description: 'What the token\'s organisation stores, in bytes: in total, by direction and by workflow. All figures ' +
        'show one instant; `asOf`, `countedAt` ' +
        'and `reconciledAt` say how fresh they are. With If-None-Match, 304 says that nothing has changed.',
      querystring: StorageUsageQuerySchema,
      response: {
        200: reference(StorageUsageSchema),
        304: Type.Unsafe<undefined>(Type.Null({ description: 'Nothing has changed since the answer with this ETag.' })),
        ...errorResponses(400, 401, 403, 'USAGE_OUT_OF_RANGE', 'DATABASE_UNAVAILABLE'),
      },
    },
  }, async (request, reply) => {
    const { createdBy } = request.query
    if (createdBy !== undefined && !mayActFor(request.user, createdBy)) {
      throw new ForbiddenError('Only an admin may ask for another user\'s usage.')
    }
    const usage = await readStorageUsage(app.database, { orgKey: request.user.orgKey, createdBy })
    const body = {
      ...usage,
      asOf: usage.asOf?.toISOString() ?? null,
      countedAt: usage.countedAt?.toISOString() ?? null,
      reconciledAt: usage.reconciledAt?.toISOString() ?? null,
      unfinishedAsOf: usage.unfinishedAsOf?.toISOString() ?? null,
    }
    // Written once, for the tag and the answer alike.
    const text = JSON.stringify(body)
    // Weak, since it identifies the figures and not how they are written.
    const entityTag = `W/"${hash('sha256', text, 'base64url')}"`
    const headers = { etag: entityTag, ...privateJsonHeaders }
    const known = parseEntityTags(request.headers['if-none-match'] ?? '')
    const isKnown = known === '*' || known.some((tag) => matchesWeakly(tag, entityTag))
    if (isKnown) return await reply.status(304).headers(headers).send(undefined)
    return await reply.headers(headers).type('application/json; charset=utf-8').serializer(() => text).send(body)
  })
}

export default route
