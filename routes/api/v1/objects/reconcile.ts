import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { prefixOf } from '../../../../objects/object-key.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { ReconcileRunningError } from '../../../../schemas/errors.js'
import { ReconciliationSchema, reconciliationBody } from '../../../../schemas/reconciliation.js'
import { reference } from '../../../../schemas/reference.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/reconcile', {
    config: { roles: ['admin'], action: 'start a reconcile' },
    onRequest: app.limits.reconciles.spend,
    schema: {
      operationId: 'startReconcile',
      tags: ['Usage'],
      summary: 'Make usage agree with storage',
      description: 'Begins to compare what is counted of the token\'s organisation with the bucket, and to settle every difference. ' +
        'Answers at once: GET tells how far it has come. One that did not finish resumes from there. ' +
        'Where a process that was at work was killed, 409 is answered for up to 30 seconds more. A replica is at work for four ' +
        'organisations at most, and answers 503 to others meanwhile.',
      response: {
        202: reference(ReconciliationSchema),
        ...errorResponses(400, 401, 403, 'RECONCILE_RUNNING', 413, 415, 429, 'OVERLOADED', 'DATABASE_UNAVAILABLE'),
      },
    },
  }, async (request, reply) => {
    const run = await app.reconciliation.start({ prefix: prefixOf({ orgKey: request.user.orgKey }) })
    if (run?.reconciliation === undefined) throw new ReconcileRunningError()
    return await reply.status(202).header('cache-control', 'no-store').send(reconciliationBody(run.reconciliation))
  })
}

export default route
