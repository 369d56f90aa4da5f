import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { bulkhead } from 'cockatiel'
import type { FastifyRequest } from 'fastify'
import type { Disposition } from '../../../../downloads/decision.js'
import { capabilityJsonHeaders } from '../../../../downloads/headers.js'
import { type FoundObject, describeLink } from '../../../../downloads/links.js'
import { signalWhenGone } from '../../../../http/client-gone.js'
import { ObjectStorageRefused, ObjectStorageUnavailable } from '../../../../store/failures.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import {
  type DeclaredError, ObjectNotFoundError, StoreRefusedError, StoreUnavailableError, TooManyRequestsError, errorBody,
} from '../../../../schemas/errors.js'
import { type LinkResult, LinksRequestSchema, LinksSchema } from '../../../../schemas/links.js'
import { reference } from '../../../../schemas/reference.js'

/** For all batches together: single downloads should not wait behind them for a connection to the store. */
const LOOK_UPS_MAX_CONCURRENT = 16

const route: FastifyPluginAsyncTypebox = async (app) => {
  const lookUps = bulkhead(LOOK_UPS_MAX_CONCURRENT, Infinity)

  const linkTo = (request: FastifyRequest, objectKey: string, stored: FoundObject, asked: Disposition) => {
    const { disposition } = app.downloadPolicy.decide('json', asked, stored.contentType)
    const link = app.downloadLink(objectKey, stored, disposition, Date.now())
    return describeLink(objectKey, stored, { ...link, url: app.reachableUrl(request, link.url) })
  }

  app.post('/links', {
    schema: {
      operationId: 'createLinks',
      tags: ['Files'],
      summary: 'Make links to many files',
      description: 'Pre-signed URLs of up to 100 files at once, each as a download with `Accept: application/json` would ' +
        'give it. Needs no token: the object keys are unguessable and are themselves the permission. The answer has a ' +
        'result for each key, in order; a key without a file has `OBJECT_NOT_FOUND`, one that storage could not be asked ' +
        'about `STORE_UNAVAILABLE` or `STORE_REFUSED`. If too many keys turn out to have no file, those not yet looked up ' +
        'get `TOO_MANY_REQUESTS`, and Retry-After says when to send them again; if that is every result, the answer is 429.',
      security: [],
      body: reference(LinksRequestSchema),
      response: {
        200: {
          description: 'A result for each key.',
          headers: {
            'Retry-After': {
              type: 'integer',
              minimum: 1,
              description: 'Seconds after which to send again the keys that have ' +
                'TOO_MANY_REQUESTS.',
            },
          },
          content: { 'application/json': { schema: reference(LinksSchema) } },
        },
        ...errorResponses(400, 413, 415, 429),
      },
    },
  }, async (request, reply) => {
    const { objectKeys, type: asked = 'attachment' } = request.body
    const signal = signalWhenGone(reply.raw)
    // Once this is set, nothing more is looked up.
    let refusal: DeclaredError | undefined

    const resultOf = async (objectKey: string): Promise<LinkResult> => {
      try {
        const known = app.existence.known(objectKey)
        if (known === undefined && refusal !== undefined) return { error: errorBody(refusal) }
        const stored = known ?? await app.findFile(reply, objectKey, () =>
          lookUps.execute(() => app.existence.find(objectKey)), () => signal)
        return { link: linkTo(request, objectKey, stored, asked) }
      } catch (error) {
        const answer = errorOfKey(error)
        if (answer instanceof TooManyRequestsError) refusal = answer
        return { error: errorBody(answer) }
      }
    }

    const results: LinkResult[] = []
    // In slices, so that one request leaves places for others of its client, and ends soon after the client has left.
    for (let at = 0; at < objectKeys.length; at += LOOK_UPS_MAX_CONCURRENT) {
      signal.throwIfAborted()
      results.push(...await Promise.all(objectKeys.slice(at, at + LOOK_UPS_MAX_CONCURRENT).map(resultOf)))
    }
    if (refusal !== undefined && results.every(({ error }) => error?.code === 'TOO_MANY_REQUESTS')) throw refusal
    return await reply.headers(capabilityJsonHeaders).send({ results })
  })
}

export default route

/** The error that a download of the key would be answered with; throws what concerns the whole request. */
function errorOfKey (error: unknown): DeclaredError {
  if (error instanceof ObjectStorageUnavailable) return new StoreUnavailableError()
  if (error instanceof ObjectStorageRefused) return new StoreRefusedError()
  if (error instanceof ObjectNotFoundError || error instanceof TooManyRequestsError) return error
  throw error
}
