import { createHmac, hash } from 'node:crypto'
import { encodeComponent } from '../http/percent-encoding.js'

/*
 * AWS Signature Version 4 for S3, as far as signing and verifying have it in common (Amazon S3 API Reference, "Authenticating
 * Requests: AWS Signature Version 4"). S3 differs from other services in that a path is encoded once and never normalised.
 */

export const SIGNATURE_ALGORITHM = 'AWS4-HMAC-SHA256'
/** Takes the place of the payload's hash if the payload is not signed, as in every pre-signed URL. */
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD'
/** A pre-signed URL is valid for at most seven days. */
export const PRESIGNED_MAX_SECONDS = 604_800

/** The parts of a request that its signature covers. */
export interface SignedRequest {
  method: string
  /** Encoded, as in the request line, without the query. */
  path: string
  /** As `canonicalQuery` writes it, without X-Amz-Signature. */
  query: string
  /** Only the signed headers, with names in lower case, in any order. */
  headers: ReadonlyArray<readonly [name: string, value: string]>
  /** Lower-case hex of SHA-256, or `UNSIGNED-PAYLOAD`. */
  payloadHash: string
}

/** What a signing key is derived for; the service is always `s3`. */
export interface CredentialScope {
  /** UTC, `YYYYMMDD`. */
  date: string
  region: string
}

/** A date in SigV4's format, in UTC: `YYYYMMDDTHHMMSSZ`. */
export function formatTimestamp (date: Date): string {
  return `${date.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
}

/** The scope as written in a credential, after the access key. */
export function formatScope ({ date, region }: CredentialScope): string {
  return `${date}/${region}/s3/aws4_request`
}

/** Derives the key that signs every request of one day and region. */
export function deriveSigningKey (secretKey: string, { date, region }: CredentialScope): Buffer {
  const step = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest()
  return step(step(step(step(`AWS4${secretKey}`, date), region), 's3'), 'aws4_request')
}

// Whole strings `name=value` would sort wrongly: `-` comes before `=`, so `a-b` would precede `a`.
function byNameThenValue (one: readonly [string, string], other: readonly [string, string]): number {
  const part = one[0] === other[0] ? 1 : 0
  return one[part] < other[part] ? -1 : Number(one[part] > other[part])
}

/** The names of the signed headers, sorted, as `X-Amz-SignedHeaders` lists them. */
export function listSignedHeaders (headers: SignedRequest['headers']): string {
  return headers.map(([name]) => name).sort().join(';')
}

/**
 * A query in SigV4's canonical form, which is also a valid query string.
 *
 * @param query decoded names and values, in any order
 */
export function canonicalQuery (query: Iterable<readonly [name: string, value: string]>): string {
  return Array.from(query, ([name, value]) => [encodeComponent(name), encodeComponent(value)] as const)
    .sort(byNameThenValue)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/**
 * Signs a request.
 *
 * @param timestamp as `formatTimestamp` writes it
 * @returns the signature in lower-case hex
 */
export function sign (request: SignedRequest, signingKey: Buffer, scope: CredentialScope, timestamp: string): string {
  const headers = request.headers.toSorted(byNameThenValue)
  const canonicalRequest = [
    request.method,
    request.path,
    request.query,
    ...headers.map(([name, value]) => `${name}:${value.trim().replaceAll(/ +/g, ' ')}`),
    '',
    listSignedHeaders(headers),
    request.payloadHash,
  ].join('\n')
  const stringToSign = [SIGNATURE_ALGORITHM, timestamp, formatScope(scope), hash('sha256', canonicalRequest)].join('\n')
  return createHmac('sha256', signingKey).update(stringToSign).digest('hex')
}
