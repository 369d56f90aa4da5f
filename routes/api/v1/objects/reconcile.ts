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
      description: 'Starts comparing what is counted for the token\'s organisation with the bucket, and settles every ' +
        'difference. Answers at once; GET shows the progress. An unfinished reconcile resumes where it stopped. If the ' +
        'process running one was killed, the answer is 409 for up to 30 seconds. A replica works for at most four ' +
        'organisations at a time, and answers 503 to others meanwhile.',
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
