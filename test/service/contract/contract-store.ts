import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Client } from 'minio'
import { startEmbeddedStore } from '../../../embedded/s3/object-store.js'
import { encodePath } from '../../../http/percent-encoding.js'
import { FixedCredentials } from '../../../store/credentials.js'
import { type PresignedRequest, type SigningTarget, createPresign } from '../../../store/presigning.js'
import {
  SIGNATURE_ALGORITHM, canonicalQuery, deriveSigningKey, formatScope, formatTimestamp, listSignedHeaders, sign,
} from '../../../store/signature-v4.js'

/** A bucket of an S3 endpoint against which the contract is checked. */
export interface ContractStore {
  target: SigningTarget
  client: Client
  /** Whether it is another vendor's server, whose known deviations are allowed for. */
  isReal: boolean
  /** Signs a URL that is valid now, for five minutes unless stated otherwise. */
  presign: (request: Partial<PresignedRequest> & Pick<PresignedRequest, 'method' | 'objectKey'>) => string
  /** Removes the bucket and its contents. */
  remove: () => Promise<void>
}

/** An embedded store in its own folder. */
export async function openEmbeddedStore (): Promise<ContractStore> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-contract-'))
  const target = { bucket: 'contract', region: 'us-east-1' }
  const account = { accessKey: 'contract', secretKey: randomUUID() }
  const store = await startEmbeddedStore({ directory, ...target, ...account })
  const { endpoint } = store
  return {
    ...describe({ ...target, endpoint, credentials: new FixedCredentials(account) }),
    isReal: false,
    remove: async () => {
      await store.close()
      await rm(directory, { recursive: true })
    },
  }
}

/** A bucket made for this test on a real S3 endpoint. */
export async function openRealStore (endpoint: string): Promise<ContractStore> {
  const {
    TEST_S3_ACCESS_KEY: accessKey = '',
    TEST_S3_SECRET_KEY: secretKey = '',
    TEST_S3_REGION: region = 'us-east-1',
  } = process.env
  const credentials = new FixedCredentials({ accessKey, secretKey })
  const store = describe({ endpoint, region, credentials, bucket: `contract-${randomUUID()}` })
  const { client, target: { bucket } } = store
  await client.makeBucket(bucket)
  return {
    ...store,
    isReal: true,
    remove: async () => {
      for await (const { name } of client.listObjects(bucket, '', true)) await client.removeObject(bucket, String(name))
      await client.removeBucket(bucket)
    },
  }
}

function describe (target: SigningTarget): Pick<ContractStore, 'target' | 'client' | 'presign'> {
  const { hostname, port, protocol } = new URL(target.endpoint)
  const presign = createPresign(target)
  return {
    target,
    client: new Client({
      endPoint: hostname,
      ...port === '' ? {} : { port: Number(port) },
      useSSL: protocol === 'https:',
      accessKey: target.credentials.current.accessKey,
      secretKey: target.credentials.current.secretKey,
      region: target.region,
      pathStyle: true,
      partSize: 5 * 1024 ** 2,
    }),
    presign: (request) => presign({ signedAt: new Date(), expiresInSeconds: 300, ...request }),
  }
}

/** A response that was read in full. */
export interface RawResponse {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  /** Of an error; undefined if there is none. */
  code: string | undefined
}

/** A request apart from its URL. */
export interface RawRequest {
  method?: string
  headers?: OutgoingHttpHeaders
  body?: string | Buffer
}

/** Sends a request exactly as given: no header is added except host and length, and no path is normalised. */
export function send (url: string, { method = 'GET', headers = {}, body = '' }: RawRequest = {}): Promise<RawResponse> {
  const { origin } = new URL(url)
  const withLength = ['PUT', 'POST'].includes(method) && !('transfer-encoding' in headers)
    ? { 'content-length': Buffer.byteLength(body), ...headers }
    : headers
  return new Promise((resolve, reject) => {
    request(origin, { method, path: url.slice(origin.length), headers: withLength, agent: false }, (response) => {
      buffer(response).then((received) => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: received,
          code: /<Code>(\w+)<\/Code>/.exec(received.toString())?.[1],
        })
      }, reject)
    }).on('error', reject).end(body)
  })
}

/** A request whose signature is in its Authorization header. */
export interface HeaderSignedRequest {
  method: string
  /** Empty for the bucket. */
  objectKey: string
  query?: Record<string, string>
  /** Signed; names in lower case. */
  headers?: Record<string, string>
  body?: string | Buffer
  /** Default the body's SHA-256. */
  payloadHash?: string
  signedAt?: Date
  /** The Date header of the same time, sent in place of x-amz-date. */
  date?: string
}

/** The URL and all headers of such a request, and what a chunked payload's signatures continue from. */
export function signHeaders (target: SigningTarget, signedRequest: HeaderSignedRequest) {
  const { bucket, endpoint, region, credentials: { current: { accessKey, secretKey } } } = target
  const { method, objectKey, query = {}, headers = {}, body = '', signedAt = new Date(), date } = signedRequest
  const payloadHash = signedRequest.payloadHash ?? createHash('sha256').update(body).digest('hex')
  const timestamp = formatTimestamp(signedAt)
  const scope = { date: timestamp.slice(0, 8), region }
  const dated = date === undefined ? { 'x-amz-date': timestamp } : { date }
  const signed = { ...headers, host: new URL(endpoint).host, ...dated, 'x-amz-content-sha256': payloadHash }
  const path = `/${bucket}${objectKey === '' ? '' : `/${encodePath(objectKey)}`}`
  const signingKey = deriveSigningKey(secretKey, scope)
  const canonical = canonicalQuery(Object.entries(query))
  const signature = sign(
    { method, path, query: canonical, headers: Object.entries(signed), payloadHash }, signingKey, scope, timestamp)
  const credential = `Credential=${accessKey}/${formatScope(scope)}`
  const signedHeaders = `SignedHeaders=${listSignedHeaders(Object.entries(signed))}`
  return {
    url: `${endpoint}${path}?${canonical}`,
    headers: { ...signed, authorization: `${SIGNATURE_ALGORITHM} ${credential}, ${signedHeaders}, Signature=${signature}` },
    signature,
    signingKey,
    scope,
    timestamp,
  }
}

/** Signs a request in its headers and sends it. */
export function sendSigned (store: Pick<ContractStore, 'target'>, signedRequest: HeaderSignedRequest): Promise<RawResponse> {
  const { url, headers } = signHeaders(store.target, signedRequest)
  return send(url, { method: signedRequest.method, headers, body: signedRequest.body ?? '' })
}

/** Puts an object using a pre-signed URL. */
export function put (store: Pick<ContractStore, 'presign'>, objectKey: string, body: string | Buffer): Promise<RawResponse> {
  return send(store.presign({ method: 'PUT', objectKey }), { method: 'PUT', body })
}
