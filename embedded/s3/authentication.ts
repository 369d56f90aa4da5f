import { timingSafeEqual } from 'node:crypto'
import { parseHttpDate } from '../../http/http-date.js'
import {
  type CredentialScope, PRESIGNED_MAX_SECONDS, SIGNATURE_ALGORITHM, UNSIGNED_PAYLOAD, canonicalQuery, deriveSigningKey,
  formatTimestamp, sign,
} from '../../store/signature-v4.js'
import { S3Error, type S3ErrorCode } from './s3-error.js'
import { type S3Request } from './s3-request.js'

/** What belongs to an access key. */
export interface Account {
  secretKey: string
  /** The token of a session, which requests must send. If there is none, they must not send any. */
  sessionToken?: string | undefined
  /** When the session ends, in milliseconds since 1970. */
  expiresAtMs?: number | undefined
}

/** The region of the store, and who may use it. */
export interface Accounts {
  region: string
  /** undefined if there is no such access key. */
  find: (accessKey: string) => Account | undefined
}

/** What a request's signature established; the signatures of a chunked payload continue from it. */
export interface Authentication {
  /** As `x-amz-content-sha256` states it: the payload's hash or how the payload is signed. */
  payloadHash: string
  signature: string
  signingKey: Buffer
  scope: CredentialScope
  /** In SigV4's date format. */
  timestamp: string
}

interface Claim {
  credential: string
  signedHeaders: string
  signature: string
  timestamp: string
  payloadHash: string
  sessionToken: string | undefined
  query: S3Request['query']
}

const CLOCK_SKEW_MAX_MS = 15 * 60 * 1000
const QUERY_PARAMETERS = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Expires', 'X-Amz-SignedHeaders', 'X-Amz-Signature']

/**
 * Verifies the SigV4 signature of a request, in its Authorization header or its query (Amazon S3 API Reference, "Authenticating
 * Requests"). All `x-amz-*` headers and the host must be signed.
 *
 * @throws {S3Error} AccessDenied if there is no signature, it has expired or does not cover what it must; InvalidToken if the
 *   session's token is missing or wrong, ExpiredToken if the session has ended; otherwise the error that S3 has for what is
 *   wrong with it
 */
export function authenticate (request: S3Request, accounts: Accounts, now: Date): Authentication {
  const inHeader = request.headers.has('authorization')
  const inQuery = QUERY_PARAMETERS.some((name) => request.parameters.has(name))
  if (inHeader && inQuery) throw new S3Error('InvalidArgument', 'Only one auth mechanism is allowed.')
  if (!inHeader && !inQuery) throw new S3Error('AccessDenied')
  const malformed = inHeader ? 'AuthorizationHeaderMalformed' : 'AuthorizationQueryParametersError'

  const claim = inHeader ? readHeader(request, now) : readQuery(request, now)
  const { scope, account } = checkCredential(claim, accounts, malformed)
  const names = claim.signedHeaders.split(';')
  checkSignedHeaders(request, names)

  const signingKey = deriveSigningKey(account.secretKey, scope)
  const expected = sign({
    method: request.method,
    path: request.canonicalPath,
    query: canonicalQuery(claim.query),
    headers: names.map((name) => [name, headerToSign(request, name)] as const),
    payloadHash: claim.payloadHash,
  }, signingKey, scope, claim.timestamp)
  if (!equalInConstantTime(claim.signature, expected)) throw new S3Error('SignatureDoesNotMatch')
  checkSession(account, claim.sessionToken, now)
  return { payloadHash: claim.payloadHash, signature: expected, signingKey, scope, timestamp: claim.timestamp }
}

/** Compares two signatures in a time that does not reveal where they differ. */
export function equalInConstantTime (one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

const AUTHORIZATION = new RegExp(`^${SIGNATURE_ALGORITHM} +Credential=([^\\s,]+) *, *SignedHeaders=([^\\s,]+) *, *Signature=([0-9a-f]{64})$`)

function readHeader (request: S3Request, now: Date): Claim {
  const [, credential, signedHeaders, signature] = AUTHORIZATION.exec(request.headers.get('authorization') ?? '') ?? []
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    throw new S3Error('AuthorizationHeaderMalformed')
  }
  const signedAt = readDate(request.headers, now)
  if (signedAt === undefined) throw new S3Error('AccessDenied', 'A signed request needs a valid x-amz-date or Date header.')
  if (Math.abs(signedAt - now.getTime()) > CLOCK_SKEW_MAX_MS) throw new S3Error('RequestTimeTooSkewed')
  const payloadHash = request.headers.get('x-amz-content-sha256')
  if (payloadHash === undefined) throw new S3Error('InvalidRequest', 'Missing required header: x-amz-content-sha256.')
  const timestamp = formatTimestamp(new Date(signedAt))
  const sessionToken = request.headers.get('x-amz-security-token')
  return { credential, signedHeaders, signature, timestamp, payloadHash, sessionToken, query: request.query }
}

/** Without an x-amz-date, Date says when a request was signed, in its own format or SigV4's. */
function readDate (headers: S3Request['headers'], now: Date): number | undefined {
  const amzDate = headers.get('x-amz-date')
  const date = headers.get('date') ?? ''
  return amzDate === undefined ? parseTimestamp(date) ?? parseHttpDate(date, now)?.getTime() : parseTimestamp(amzDate)
}

function readQuery (request: S3Request, now: Date): Claim {
  const [algorithm, credential, timestamp, expires, signedHeaders, signature] = QUERY_PARAMETERS.map((name) => {
    const values = request.query.filter(([given]) => given === name)
    const value = values.length === 1 ? values[0]?.[1] : undefined
    if (value === undefined) throw new S3Error('AuthorizationQueryParametersError', `${name} must be given once.`)
    return value
  })
  if (algorithm !== SIGNATURE_ALGORITHM || credential === undefined || timestamp === undefined || expires === undefined ||
    signedHeaders === undefined || signature === undefined) throw new S3Error('AuthorizationQueryParametersError')

  const signedAt = parseTimestamp(timestamp)
  const expiresInSeconds = /^\d{1,6}$/.test(expires) ? Number(expires) : 0
  if (signedAt === undefined) throw new S3Error('AuthorizationQueryParametersError', 'X-Amz-Date is not a date.')
  if (expiresInSeconds < 1 || expiresInSeconds > PRESIGNED_MAX_SECONDS) {
    throw new S3Error('AuthorizationQueryParametersError', `X-Amz-Expires must be from 1 to ${PRESIGNED_MAX_SECONDS} seconds.`)
  }
  if (signedAt - now.getTime() > CLOCK_SKEW_MAX_MS) throw new S3Error('AccessDenied', 'Request is not valid yet.')
  if (signedAt + expiresInSeconds * 1000 < now.getTime()) throw new S3Error('AccessDenied', 'Request has expired.')
  return {
    credential,
    signedHeaders,
    signature,
    timestamp,
    payloadHash: request.parameters.get('X-Amz-Content-Sha256') ?? request.headers.get('x-amz-content-sha256') ?? UNSIGNED_PAYLOAD,
    sessionToken: request.parameters.get('X-Amz-Security-Token'),
    query: request.query.filter(([name]) => name !== 'X-Amz-Signature'),
  }
}

function checkCredential (
  claim: Claim, accounts: Accounts, malformed: S3ErrorCode,
): { scope: CredentialScope, account: Account } {
  // An access key may contain slashes; the scope after it cannot.
  const [terminator, service, region, date, ...accessKey] = claim.credential.split('/').reverse()
  if (terminator !== 'aws4_request' || service !== 's3' || date === undefined || accessKey.length === 0) throw new S3Error(malformed)
  if (date !== claim.timestamp.slice(0, 8)) throw new S3Error(malformed, 'The date of the credential is not that of the request.')
  const account = accounts.find(accessKey.reverse().join('/'))
  if (account === undefined) throw new S3Error('InvalidAccessKeyId')
  if (region !== accounts.region) {
    throw new S3Error(malformed, 'The region of the credential is wrong.', { elements: { Region: accounts.region } })
  }
  return { scope: { date, region }, account }
}

function checkSession ({ sessionToken, expiresAtMs = Infinity }: Account, given: string | undefined, now: Date): void {
  if (!equalInConstantTime(given ?? '', sessionToken ?? '')) throw new S3Error('InvalidToken')
  if (now.getTime() >= expiresAtMs) throw new S3Error('ExpiredToken')
}

function checkSignedHeaders ({ headers }: S3Request, signed: string[]): void {
  if (!signed.includes('host') || signed.some((name) => !headers.has(name)) || new Set(signed).size !== signed.length) {
    throw new S3Error('SignatureDoesNotMatch')
  }
  for (const name of headers.keys()) {
    if (name.startsWith('x-amz-') && !signed.includes(name)) {
      throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed.')
    }
  }
}

// Node.js reads header bytes as ISO-8859-1, while a client signs the UTF-8 bytes.
function headerToSign (request: S3Request, name: string): string {
  return Buffer.from(request.headers.get(name) ?? '', 'latin1').toString('utf8')
}

function parseTimestamp (timestamp: string): number | undefined {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp) ?? []
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(time) ? undefined : time
}
