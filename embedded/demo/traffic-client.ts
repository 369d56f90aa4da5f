import { type ErrorBody, type ObjectsClient, type components, createClient } from '../../client/index.js'

/** Something that the service or the object storage failed to do, in words that contain neither keys nor URLs. */
export class TrafficError extends Error {
  override name = 'TrafficError'
}

/**
 * Creates a client of the service whose methods reject with TrafficError if nothing answers.
 *
 * @param address the service's, such as `http://127.0.0.1:3000`
 * @param token a JSON Web Token
 */
export function connectTraffic (address: string, token: string): ObjectsClient {
  const client = createClient({ baseUrl: address, token })
  client.use({ onError: () => new TrafficError(`At ${new URL(address).origin}, the service does not answer: start it with npm start, or name its address with --url.`) })
  return client
}

/**
 * Returns the service's answer.
 *
 * @param request what a message calls the request, without its query
 * @throws {TrafficError} if nothing answers, or the answer is an error
 */
export async function answerOf<Data> (
  request: string, answer: Promise<{ data?: Data, error?: ErrorBody, response: Response }>,
): Promise<NonNullable<Data>> {
  const { data, error, response } = await answer.catch((reason: unknown) => {
    throw reason instanceof SyntaxError ? new TrafficError(`The service does not answer ${request} with JSON.`) : reason
  })
  if (data !== undefined && data !== null) return data
  // What answers at the address may be something else.
  if (error?.code === undefined) throw new TrafficError(`The service answers ${request} with status ${response.status}.`)
  throw new TrafficError(`The service refuses ${request}: ${error.code}: ${error.message}`)
}

/**
 * Puts a file at a pre-signed URL, or replaces it while the URL is valid.
 *
 * @throws {TrafficError} if the object storage does not answer, or refuses
 */
export async function putFile ({ url, headers }: components['schemas']['Upload'], body: Buffer): Promise<void> {
  const response = await fetch(url, { method: 'PUT', headers, body }).catch(() => { throw noAnswer(url) })
  if (!response.ok) throw new TrafficError(`Object storage refuses a file: status ${response.status}.`)
}

function noAnswer (url: string): TrafficError {
  return new TrafficError(`At ${new URL(url).origin}, object storage does not answer.`)
}
