import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { removeQuota, setQuota } from '../../../../db/usage/quotas.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { QuotaRequestSchema, QuotaSchema } from '../../../../schemas/quota.js'
import { reference } from '../../../../schemas/reference.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.put('/quota', {
    config: { roles: ['service'], action: 'set a quota' },
    schema: {
      operationId: 'setQuota',
      tags: ['Usage'],
      summary: 'Limit what the organisation may store',
      description: 'Sets the quota of the token\'s organisation, or removes it. No upload beyond it is accepted; existing ' +
        'files stay, and so do uploads that were already granted.',
      body: reference(QuotaRequestSchema),
      response: { 200: reference(QuotaSchema), ...errorResponses(400, 401, 403, 413, 415, 'DATABASE_UNAVAILABLE') },
    },
  }, async (request) => {
    const { orgKey } = request.user
    const { quotaBytes } = request.body
    if (quotaBytes === null) await removeQuota(app.database, orgKey)
    else await setQuota(app.database, orgKey, BigInt(quotaBytes))
    return { orgKey, quotaBytes }
  })
}

export default route
