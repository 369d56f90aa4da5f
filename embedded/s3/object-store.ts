import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import { join } from 'node:path'
import { errorCode } from '../../errors/error-code.js'
import { type Account, type Accounts, authenticate } from './authentication.js'
import { type BucketNotificationRecord } from './bucket-notification.js'
import { allowEveryOrigin } from './cross-origin.js'
import { MultipartUploads } from './multipart-uploads.js'
import { StoredObjects } from './stored-objects.js'
import { type Store, answer } from './operations.js'
import { S3Error } from './s3-error.js'
import { type ForwardedTarget, parseRequest } from './s3-request.js'
import { element, errorDocument } from './xml.js'

export interface EmbeddedStoreOptions {
  /** Where everything is kept; created if it does not exist. Only one process at a time may use it. */
  directory: string
  bucket: string
  region: string
  accessKey: string
  secretKey: string
  /** Makes the account's credentials those of a session. */
  sessionToken?: string | undefined
  /**
   * Finds further accounts, such as sessions, by access key; asked for each request, before the account above is considered.
   */
  findAccount?: (accessKey: string) => Account | undefined
  /** Default 127.0.0.1. */
  host?: string
  /** Default 0, any free one. */
  port?: number
  /** Called after each change has taken effect, in order. It must not throw. A crash can lose the last calls. */
  onEvent?: (record: BucketNotificationRecord) => void
  /** Called with what should not happen, such as a full disk; the client gets an InternalError, or XMinioStorageFull. */
  onError?: (error: unknown) => void
}

export interface EmbeddedStore {
  /** The origin, such as `http://127.0.0.1:9000`. */
  endpoint: string
  /** Answers a request that another server received; resolves once it is answered, and never rejects. */
  answer (message: IncomingMessage, response: ServerResponse, as: ForwardedTarget): Promise<void>
  /** Stops listening, gives running requests a few seconds to finish, and then ends them. */
  close (): Promise<void>
}

const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const HEADERS_TIMEOUT_MS = 30_000
const IDLE_TIMEOUT_MS = 300_000
const CLOSE_GRACE_MS = 3_000

/**
 * Starts an S3 endpoint over files on this machine's disk, with one bucket and one account, and others on request. It covers
 * what an S3 client needs to keep objects: reading with ranges and preconditions, writing at once or in parts, deleting,
 * listing; every request must be signed (SigV4). What it does not know it refuses with NotImplemented.
 *
 * @throws if the bucket's name is not valid, or the directory or the address cannot be used
 */
export async function startEmbeddedStore (options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const { directory, bucket, region, accessKey, secretKey, sessionToken, host = '127.0.0.1', port = 0 } = options
  const { findAccount = () => undefined, onEvent = () => {}, onError = () => {} } = options
  if (!BUCKET_NAME.test(bucket)) throw new TypeError('The bucket does not have a valid name.')
  const folder = join(directory, bucket)
  const objects = await StoredObjects.open({ folder, bucket, region, onEvent })
  const store = { bucket, region, objects, uploads: MultipartUploads.open(join(folder, 'uploads'), objects) }
  const accounts: Accounts = {
    region, find: (given) => findAccount(given) ?? (given === accessKey ? { secretKey, sessionToken } : undefined),
  }

  const running = new Set<Promise<void>>()
  const onRequest = async (message: IncomingMessage, response: ServerResponse, as?: ForwardedTarget) => {
    if (allowEveryOrigin(message, response)) return
    const handled = handle(message, response, store, accounts, as)
      .catch(onError).finally(() => running.delete(handled))
    running.add(handled)
    await handled
  }
  // An upload may take any amount of time as long as it progresses, so only headers and idle connections have a time limit.
  const server = createServer({ requestTimeout: 0, headersTimeout: HEADERS_TIMEOUT_MS }, onRequest)
  server.setTimeout(IDLE_TIMEOUT_MS)
  // Without this Node.js would ask for the body before the signature has been checked.
  server.on('checkContinue', onRequest)
  await listen(server, port, host)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The store does not listen on a port.')
  return {
    endpoint: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    answer: onRequest,
    close: async () => {
      const closed = new Promise((resolve) => { server.close(resolve) })
      const impatience = setTimeout(() => { server.closeAllConnections() }, CLOSE_GRACE_MS)
      await closed
      clearTimeout(impatience)
      await Promise.all(running)
    },
  }
}

function listen (server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** @throws what is not the client's fault, once the request is answered */
async function handle (
  message: IncomingMessage, response: ServerResponse, store: Store, accounts: Accounts,
  as: ForwardedTarget | undefined,
): Promise<void> {
  const requestId = randomUUID()
  response.setHeader('x-amz-request-id', requestId)
  try {
    const request = parseRequest(message, as)
    const authentication = authenticate(request, accounts, new Date())
    // If the request came to another server, Node.js has already done so.
    if (as === undefined && message.headers.expect !== undefined) response.writeContinue()
    await answer(request, authentication, response, store)
  } catch (error) {
    // The client has gone away, so there is nobody to answer.
    if (message.destroyed && !message.complete) return
    if (response.headersSent) response.destroy()
    else sendError(response, error instanceof S3Error ? error : new S3Error(isDiskFull(error) ? 'XMinioStorageFull' : 'InternalError'), store.bucket, requestId)
    if (!(error instanceof S3Error)) throw error
  }
}

function isDiskFull (error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errorCode(error))
}

function sendError (response: ServerResponse, error: S3Error, bucket: string, requestId: string): void {
  const { headers = {}, elements = {} } = error.details
  // The resource is only the bucket: a key is a secret.
  const body = errorDocument([
    element('Code', error.code),
    element('Message', error.message),
    element('Resource', `/${bucket}`),
    element('RequestId', requestId),
    ...Object.entries(elements).map(([name, value]) => element(name, value)),
  ])
  response.writeHead(error.statusCode, { ...headers, 'Content-Type': 'application/xml', 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}
