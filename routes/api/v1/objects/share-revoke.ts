import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { revokeShare } from '../../../../db/shares/revocations.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { ShareNotFoundError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'
import { RevocationSchema, ShareParamsSchema } from '../../../../schemas/shares.js'
import { hasRole } from '../../../../schemas/token-claims.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.delete('/shares/:id', {
    config: { roles: ['member', 'service', 'admin'] },
    schema: {
      operationId: 'revokeShare',
      tags: ['Files'],
      summary: 'Revoke a share link',
      description: 'Ends a share link that the caller made, or, for an admin, any of the organisation\'s, and with it the ' +
        'links to the files that it listed. Within a second every replica that reaches the database refuses it. Revoking it ' +
        'again changes nothing.',
      params: ShareParamsSchema,
      response: {
        200: reference(RevocationSchema),
        ...errorResponses(400, 401, 'SHARE_NOT_FOUND', 413, 415, 'SHARES_NOT_CONFIGURED', 'DATABASE_UNAVAILABLE'),
      },
    },
  }, async ({ user, params: { id } }) => {
    app.shares.requireConfigured()
    const { orgKey, userId } = user
    const row = await revokeShare(app.database, { orgKey, madeBy: hasRole(user, ['admin']) ? undefined : userId }, id)
    if (row === undefined) throw new ShareNotFoundError()
    app.shareRevocations.add({ revoked: [row] })
    return { revokedAt: row.revokedAt.toISOString(), bytesUntil: app.shares.bytesUntil().toISOString() }
  })
}

export default route
