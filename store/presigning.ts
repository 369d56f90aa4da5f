import { encodePath } from '../http/percent-encoding.js'
import { type BucketPlace, addressBucket } from './bucket-address.js'
import { type CredentialSource, type Credentials, usableSeconds } from './credentials.js'
import {
  type CredentialScope, SIGNATURE_ALGORITHM, UNSIGNED_PAYLOAD, canonicalQuery, deriveSigningKey, formatScope,
  formatTimestamp, listSignedHeaders, sign,
} from './signature-v4.js'

/** The object storage that URLs are signed for, at the endpoint where their user reaches it. */
export interface SigningTarget extends BucketPlace {
  region: string
  credentials: CredentialSource
}

/** A request that a pre-signed URL allows. */
export interface PresignedRequest {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Empty for the bucket itself. */
  objectKey: string
  /** The time from which the URL is valid. */
  signedAt: Date
  /** 1 to 604,800; if the credentials expire sooner, so does the URL. */
  expiresInSeconds: number
  /** Further parameters of the request, such as `response-content-type`. */
  query?: Readonly<Record<string, string>>
  /** Headers that the request must send with exactly these values; names in lower case. */
  headers?: Readonly<Record<string, string>>
}

/**
 * Makes a pre-signed URL.
 *
 * @throws {ObjectStorageUnavailable} if there are no credentials that have not expired
 */
export type Presign = (request: PresignedRequest) => string

/**
 * Creates a function that signs URLs for one bucket, without I/O. minio-js can neither bind headers to a pre-signed PUT nor
 * cache the signing key of the day, which takes four of a signature's five HMACs.
 *
 * @param base what URLs begin with, if not the endpoint that they are signed for
 */
export function createPresign (target: SigningTarget, base?: string): Presign {
  const { origin, host, bucketPath, objectPath } = addressBucket(target)
  const start = base ?? origin
  const { region, credentials: source } = target
  let credentials: Credentials | undefined
  let signedSecond = NaN
  let timestamp = ''
  let scope: CredentialScope = { date: '', region }
  let signingKey: Buffer = Buffer.alloc(0)

  const turnTo = (second: number, current: Credentials): void => {
    timestamp = formatTimestamp(new Date(second * 1000))
    signedSecond = second
    const date = timestamp.slice(0, 8)
    if (date === scope.date && current === credentials) return
    credentials = current
    scope = { date, region }
    signingKey = deriveSigningKey(current.secretKey, scope)
  }

  return ({ method, objectKey, signedAt, expiresInSeconds, query = {}, headers = {} }) => {
    const { current } = source
    const second = Math.floor(signedAt.getTime() / 1000)
    if (second !== signedSecond || current !== credentials) turnTo(second, current)
    const { accessKey, sessionToken } = current
    const signedHeaders = [['host', host] as const, ...Object.entries(headers)]
    const path = objectKey === '' ? bucketPath : objectPath + encodePath(objectKey)
    const parameters = canonicalQuery(Object.entries({
      ...query,
      'X-Amz-Algorithm': SIGNATURE_ALGORITHM,
      'X-Amz-Credential': `${accessKey}/${formatScope(scope)}`,
      'X-Amz-Date': timestamp,
      'X-Amz-Expires': String(usableSeconds(current, new Date(second * 1000), expiresInSeconds)),
      'X-Amz-SignedHeaders': listSignedHeaders(signedHeaders),
      ...sessionToken === undefined ? {} : { 'X-Amz-Security-Token': sessionToken },
    }))
    const request = { method, path, query: parameters, headers: signedHeaders, payloadHash: UNSIGNED_PAYLOAD }
    return `${start}${path}?${parameters}&X-Amz-Signature=${sign(request, signingKey, scope, timestamp)}`
  }
}
