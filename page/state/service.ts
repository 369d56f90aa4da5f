import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { type ErrorBody, type ObjectsClient, createClient } from '../../client/create-client.js'
import { strings } from '../text/strings.js'

const TIMEOUT_MS = 30_000

/** The service gave no usable answer; the message tells people why. */
export class ServiceError extends Error {
  override name = 'ServiceError'
  /** Undefined if something other than the service answered. */
  readonly code: string | undefined
  /** Undefined without an answer. */
  readonly status: number | undefined

  constructor (message: string, code?: string, status?: number) {
    super(message)
    this.code = code
    this.status = status
  }
}

/** What a request resolves with, by the client's types. */
interface Answer<Data> {
  data?: Data
  error?: ErrorBody
  response: Response
}

type Request<Data> = (client: ObjectsClient, signal: AbortSignal) => Promise<Answer<Data>>

/** The service, as used by the person who is signed in. */
export interface Service {
  client: ObjectsClient
  /** Whether an admin's tools are offered. The service decides on each request. */
  mayBeAdmin: boolean
  /** The user that the token names, if known. */
  userId: string | undefined
  /**
   * Returns the service's answer to a request, which must be sent with the signal.
   *
   * @throws {ServiceError} with a message for people
   * @throws the signal's reason, once that has ended the request
   */
  ask: <Data>(request: Request<Data>, signal?: AbortSignal) => Promise<Data>
}

export interface ServiceOptions {
  base: URL
  token: () => string
  mayBeAdmin: boolean
  userId: string | undefined
  /** Called when the service no longer accepts the token. */
  onRefused: (message: string) => void
}

/** Creates the service object that all places use. */
export function createService ({ base, token, onRefused, ...known }: ServiceOptions): Service {
  const client = createClient({ baseUrl: base.href, token })
  return {
    ...known,
    client,
    ask: async (request, signal) => {
      const limit = AbortSignal.timeout(TIMEOUT_MS)
      const { data, error, response } = await request(client, signal === undefined ? limit : AbortSignal.any([signal, limit]))
        .catch((cause: unknown) => {
          signal?.throwIfAborted()
          // If something other than the service answers, the answer may not be JSON.
          if (cause instanceof SyntaxError) throw new ServiceError(strings.errors.notTheService)
          throw new ServiceError(navigator.onLine ? strings.errors.noAnswer : strings.errors.offline)
        })
      if (data !== undefined) return data
      const message = error?.message ?? strings.errors.status(response.status)
      if (response.status === 401) onRefused(message)
      throw new ServiceError(message, error?.code, response.status)
    },
  }
}

const ServiceContext = createContext<Service | undefined>(undefined)
export const ServiceProvider = ServiceContext.Provider

/** The service, for components that are shown to someone who is signed in. */
export function useService (): Service {
  const service = useContext(ServiceContext)
  if (service === undefined) throw new Error('Nobody is signed in.')
  return service
}
