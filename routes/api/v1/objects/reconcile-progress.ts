import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { readLastReconciliation } from '../../../../db/reconcile/reconciliations.js'
import { prefixOf } from '../../../../objects/object-key.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { ReconciliationNotFoundError } from '../../../../schemas/errors.js'
import { ReconciliationSchema, reconciliationBody } from '../../../../schemas/reconciliation.js'
import { reference } from '../../../../schemas/reference.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/reconcile', {
    config: { roles: ['admin'], action: 'see a reconcile' },
    schema: {
      operationId: 'readReconcileProgress',
      tags: ['Usage'],
      summary: 'See how far a reconcile has come',
      description: 'The latest reconcile of the token\'s organisation, as last recorded: every few seconds while it runs.',
      response: {
        200: reference(ReconciliationSchema),
        ...errorResponses(401, 403, 'RECONCILIATION_NOT_FOUND', 'DATABASE_UNAVAILABLE'),
      },
    },
  }, async (request, reply) => {
    const last = await readLastReconciliation(app.database, prefixOf({ orgKey: request.user.orgKey }))
    if (last === undefined) throw new ReconciliationNotFoundError()
    return await reply.header('cache-control', 'no-store').send(reconciliationBody(last))
  })
}

export default route
