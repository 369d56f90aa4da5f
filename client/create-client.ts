import createFetchClient, { type Client } from 'openapi-fetch'
import type { components, paths } from './schema.js'

const DOWNLOAD = '/api/v1/objects/download'

type DownloadFile = paths[typeof DOWNLOAD]['get']
type DownloadFileAsJson = Omit<DownloadFile, 'responses'> & { responses: Omit<DownloadFile['responses'], 206 | 302> }

/** The service's paths for clients that accept only JSON: a download is answered with a pre-signed URL, never with bytes. */
export type JsonPaths = Omit<paths, typeof DOWNLOAD> & {
  [DOWNLOAD]: Omit<paths[typeof DOWNLOAD], 'get'> & { get: DownloadFileAsJson }
}

/** The body of every error response. */
export type ErrorBody = components['schemas']['ErrorBody']

/** What went wrong, for programs: stable across releases. */
export type ErrorCode = components['schemas']['ErrorCode']

export type ObjectsClient = Client<JsonPaths, 'application/json'>

export interface ClientOptions {
  /** The service's address, such as `https://files.example.com`. */
  baseUrl: string
  /**
   * A JSON Web Token, or a function that returns the current one, called before each request. Downloads and links need none.
   */
  token?: string | (() => string | Promise<string>)
}

/**
 * Creates a client of the service whose methods take the paths of openapi.yaml and resolve with `{ data, error, response }`,
 * all typed by that document; they reject only if there is no answer. The token is sent only to addresses below `baseUrl`:
 * pre-signed URLs must be fetched without it.
 *
 * @throws TypeError if `baseUrl` is not an absolute URL.
 */
export function createClient ({ baseUrl, token }: ClientOptions): ObjectsClient {
  const base = new URL(baseUrl).href.replace(/\/$/, '')
  const client = createFetchClient<JsonPaths, 'application/json'>({ baseUrl: base, headers: { accept: 'application/json' } })
  client.use({
    async onRequest ({ request }) {
      if (token === undefined || !request.url.startsWith(`${base}/`) || request.headers.has('authorization')) return
      request.headers.set('authorization', `Bearer ${typeof token === 'string' ? token : await token()}`)
    },
  })
  return client
}
