import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { revokeAllShares } from '../../../../db/shares/revocations.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { reference } from '../../../../schemas/reference.js'
import { RevocationSchema } from '../../../../schemas/shares.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/shares/revoke-all', {
    config: { roles: ['service', 'admin'], action: 'revoke all share links' },
    schema: {
      operationId: 'revokeAllShares',
      tags: ['Files'],
      summary: 'Revoke all share links',
      description: 'Ends every share link of the token\'s organisation that was made so far, even one that the database ' +
        'does not know. Within a second every replica that reaches the database refuses them.',
      response: {
        200: reference(RevocationSchema),
        ...errorResponses(400, 401, 403, 413, 415, 'SHARES_NOT_CONFIGURED', 'DATABASE_UNAVAILABLE'),
      },
    },
  }, async ({ user: { orgKey } }) => {
    app.shares.requireConfigured()
    const revokedBeforeMicros = await revokeAllShares(app.database, orgKey)
    app.shareRevocations.add({ epochs: [{ orgKey, revokedBeforeMicros }] })
    const revokedAt = new Date(Math.floor(revokedBeforeMicros / 1000))
    return { revokedAt: revokedAt.toISOString(), bytesUntil: app.shares.bytesUntil().toISOString() }
  })
}

export default route
