import { encodePath } from '../http/percent-encoding.js'
import {
  type CredentialScope, SIGNATURE_ALGORITHM, UNSIGNED_PAYLOAD, canonicalQuery, deriveSigningKey, formatScope,
  formatTimestamp, listSignedHeaders, sign,
} from './signature-v4.js'

/** The object storage that URLs are signed for. */
export interface SigningTarget {
  /** Origin of the store as the URL's user reaches it; its host is part of every signature. */
  endpoint: string
  region: string
  bucket: string
  accessKey: string
  secretKey: string
}

/** A request that a pre-signed URL allows. */
export interface PresignedRequest {
  method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  /** Empty for the bucket itself. */
  objectKey: string
  /** When the URL's life begins. */
  signedAt: Date
  /** 1 to 604,800. */
  expiresInSeconds: number
  /** Further parameters of the request, such as `response-content-type`. */
  query?: Readonly<Record<string, string>>
  /** Headers that the request must send with just these values; names in lower case. */
  headers?: Readonly<Record<string, string>>
}

/** Makes a pre-signed URL. */
export type Presign = (request: PresignedRequest) => string

/**
 * Makes a function that signs URLs for one bucket, path-style, without I/O. minio-js can neither bind headers to a
 * pre-signed PUT nor keep the signing key of the day, which is four of a signature's five HMACs.
 *
 * @param base what URLs begin with, where that is not the endpoint that they are signed for
 */
export function createPresign (target: SigningTarget, base = new URL(target.endpoint).origin): Presign {
  const { host } = new URL(target.endpoint)
  const { region } = target
  let signedSecond = NaN
  let timestamp = ''
  let scope: CredentialScope = { date: '', region }
  let signingKey: Buffer = Buffer.alloc(0)

  const turnTo = (second: number): void => {
    timestamp = formatTimestamp(new Date(second * 1000))
    signedSecond = second
    const date = timestamp.slice(0, 8)
    if (date === scope.date) return
    scope = { date, region }
    signingKey = deriveSigningKey(target.secretKey, scope)
  }

  return ({ method, objectKey, signedAt, expiresInSeconds, query = {}, headers = {} }) => {
    const second = Math.floor(signedAt.getTime() / 1000)
    if (second !== signedSecond) turnTo(second)
    const signedHeaders = [['host', host] as const, ...Object.entries(headers)]
    const path = objectKey === '' ? `/${target.bucket}` : `/${target.bucket}/${encodePath(objectKey)}`
    const parameters = canonicalQuery(Object.entries({
      ...query,
      'X-Amz-Algorithm': SIGNATURE_ALGORITHM,
      'X-Amz-Credential': `${target.accessKey}/${formatScope(scope)}`,
      'X-Amz-Date': timestamp,
      'X-Amz-Expires': String(expiresInSeconds),
      'X-Amz-SignedHeaders': listSignedHeaders(signedHeaders),
    }))
    const request = { method, path, query: parameters, headers: signedHeaders, payloadHash: UNSIGNED_PAYLOAD }
    return `${base}${path}?${parameters}&X-Amz-Signature=${sign(request, signingKey, scope, timestamp)}`
  }
}
