import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { bulkhead } from 'cockatiel'
import type { Disposition } from '../../../../downloads/decision.js'
import { capabilityJsonHeaders } from '../../../../downloads/headers.js'
import { type FoundObject, describeLink } from '../../../../downloads/links.js'
import { parseObjectKey } from '../../../../objects/object-key.js'
import { ObjectStorageRefused, ObjectStorageUnavailable } from '../../../../store/failures.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { ObjectNotFoundError, StoreRefusedError, StoreUnavailableError, errorBody } from '../../../../schemas/errors.js'
import { type LinkResult, LinksRequestSchema, LinksSchema } from '../../../../schemas/links.js'
import { reference } from '../../../../schemas/reference.js'

/** Of all batches together: single downloads should not wait behind them for a connection to the store. */
const LOOK_UPS_MAX_CONCURRENT = 16

const route: FastifyPluginAsyncTypebox = async (app) => {
  const lookUps = bulkhead(LOOK_UPS_MAX_CONCURRENT, Infinity)

  const linkTo = (objectKey: string, stored: FoundObject, asked: Disposition) => {
    const { disposition } = app.downloadPolicy.decide('json', asked, stored.contentType)
    return describeLink(objectKey, stored, app.downloadLink(objectKey, stored, disposition, Date.now()))
  }
  const look = async (objectKey: string, known: FoundObject | undefined, asked: Disposition): Promise<LinkResult> => {
    if (parseObjectKey(objectKey) === undefined) return { error: errorBody(new ObjectNotFoundError()) }
    try {
      const stored = known ?? await lookUps.execute(() => app.existence.find(objectKey))
      return stored === undefined
        ? { error: errorBody(new ObjectNotFoundError()) }
        : { link: linkTo(objectKey, stored, asked) }
    } catch (error) {
      if (error instanceof ObjectStorageUnavailable) return { error: errorBody(new StoreUnavailableError()) }
      if (error instanceof ObjectStorageRefused) return { error: errorBody(new StoreRefusedError()) }
      throw error
    }
  }

  app.post('/links', {
    onError: async (request, _reply, { statusCode }) => {
      if (statusCode === 400) await app.limits.downloadMisses.count(request)
    },
    schema: {
      operationId: 'createLinks',
      tags: ['Files'],
      summary: 'Make links to many files',
      description: 'The pre-signed URLs of up to 100 files at once, as a download with `Accept: application/json` gives of one. Needs no ' +
        'token: the object keys are unguessable and are themselves the permission. The answer has a result for each key, in order; ' +
        'a key without a file has `OBJECT_NOT_FOUND`, one that storage could not be asked about `STORE_UNAVAILABLE` or `STORE_REFUSED`.',
      security: [],
      body: reference(LinksRequestSchema),
      response: { 200: reference(LinksSchema), ...errorResponses(400, 413, 415, 429) },
    },
  }, async (request, reply) => {
    const { objectKeys, type: asked = 'attachment' } = request.body
    // Before the store is asked: a client that guesses keys is to cost it nothing.
    const known = objectKeys.map((objectKey) => app.existence.known(objectKey))
    if (known.includes(undefined)) await app.limits.downloadMisses.check(request, reply)
    const results = await Promise.all(objectKeys.map((objectKey, index) => look(objectKey, known[index], asked)))
    const misses = results.filter(({ error }) => error?.statusCode === 404)
    // At once: where Redis does not answer, each count waits for it.
    await Promise.all(misses.map(() => app.limits.downloadMisses.count(request)))
    return await reply.headers(capabilityJsonHeaders).send({ results })
  })
}

export default route
