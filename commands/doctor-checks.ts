import { createPublicKey } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { databaseNow, epochMs } from '../db/connection/time.js'
import { signatureAlgorithms } from '../identity/signature-algorithm.js'
import { mintObjectKey, prefixOf } from '../objects/object-key.js'
import { type PresignedRequest, createPresign } from '../store/presigning.js'
import { describeFailure } from './command.js'

/** What one look at the deployment found. */
export interface Finding {
  /** Stable across releases. */
  check: string
  status: 'ok' | 'warning' | 'failed' | 'skipped'
  /** What is so, and what to change where it should not be; holds no secrets. */
  message: string
}

export interface Examination {
  app: FastifyInstance
  /** For how long a notification is waited for. */
  waitMs: number
  signal: AbortSignal
}

/** The organisation of the object that is put into the bucket, and removed from it again. */
export const PROBE_ORG_KEY = 'doctor'

const PROBE_ID = '00000000-0000-4000-8000-000000000000'
const PROBE_BODY = 'Put by the doctor, who removes it again.\n'
const REQUEST_TIMEOUT_MS = 10_000
const SKEW_WARNING_MS = 5_000
// Beyond this S3 refuses requests: RequestTimeTooSkewed.
const SKEW_MAX_MS = 15 * 60_000
const POLL_MS = 200

const ok = (check: string, message: string): Finding => ({ check, status: 'ok', message })
const warning = (check: string, message: string): Finding => ({ check, status: 'warning', message })
const failed = (check: string, message: string): Finding => ({ check, status: 'failed', message })
const skipped = (check: string, message: string): Finding => ({ check, status: 'skipped', message })

/** Looks a deployment over, one thing after the other. What depends on something that failed is skipped. */
export async function * examine (examination: Examination): AsyncGenerator<Finding, undefined> {
  const { app } = examination
  yield await examineTokens(app)
  yield * examineSettings(app)
  const database = await examineDatabase(app)
  yield database
  const bucket = await examineBucket(app)
  yield bucket
  if (bucket.status === 'failed') {
    yield skipped('credentials', 'The bucket cannot be used.')
    return
  }
  const objectKey = mintObjectKey({
    orgKey: PROBE_ORG_KEY, workflowId: PROBE_ID, runId: PROBE_ID, createdBy: PROBE_ID, direction: 'outputs', fileName: 'probe.txt',
  })
  try {
    yield * examineObjects(app, objectKey)
    if (database.status === 'ok') yield * examineNotifications(examination, objectKey)
    else yield skipped('notifications', 'The database cannot be used.')
  } finally {
    await app.objectStorage.remove(objectKey).catch(() => {})
    if (database.status === 'ok') await (await app.reconciliation.start({ prefix: prefixOf({ orgKey: PROBE_ORG_KEY }) }))?.done.catch(() => {})
  }
}

async function examineTokens ({ config, tokenKeys }: FastifyInstance): Promise<Finding> {
  const { JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL = '', JWT_ISSUER, JWT_AUDIENCE } = config
  if (tokenKeys !== undefined) {
    await tokenKeys.refresh()
    const algorithms = [...new Set(tokenKeys.keys.map(({ algorithm }) => algorithm))].join(', ')
    if (algorithms === '') return failed('tokens', 'The key set has no key that tokens can be verified with, or cannot be fetched: check JWT_JWKS_URL, and that this machine may connect.')
    if (!JWT_JWKS_URL.startsWith('https:')) return warning('tokens', 'The keys of tokens are fetched without TLS, so that who sits in between can give himself any token: let JWT_JWKS_URL begin with https.')
    if (JWT_ISSUER === undefined || JWT_AUDIENCE === undefined) return warning('tokens', 'Tokens that the identity provider made for others are accepted: set JWT_ISSUER and JWT_AUDIENCE.')
    return ok('tokens', `Tokens are verified with the key set of JWT_JWKS_URL (${algorithms}).`)
  }
  if (JWT_PUBLIC_KEY !== undefined) {
    return ok('tokens', `Tokens are verified with the public key, ${signatureAlgorithms(createPublicKey(JWT_PUBLIC_KEY))[0]} alone.`)
  }
  const secret = JWT_SECRET === undefined ? 'the random secret in DATA_DIR' : 'JWT_SECRET'
  return ok('tokens', `Tokens are verified with ${secret}, HS256 alone.`)
}

function * examineSettings ({ config }: FastifyInstance): Generator<Finding> {
  const { EVENTS_TOKEN, SERVICE_SECRET, S3_ENDPOINT, DOWNLOAD_URL_TTL, EXISTENCE_TTL } = config
  if (S3_ENDPOINT !== undefined && SERVICE_SECRET === undefined) {
    yield warning('service-secret', 'Cursors are sealed with a key derived from S3_SECRET_KEY, and end when that changes: set SERVICE_SECRET, the same for all replicas.')
  } else {
    yield ok('service-secret', `Cursors are sealed with ${SERVICE_SECRET === undefined ? 'the random secret in DATA_DIR' : 'SERVICE_SECRET'}.`)
  }
  if (S3_ENDPOINT !== undefined && EVENTS_TOKEN === undefined) {
    yield failed('events-token', 'EVENTS_TOKEN is not set, so that no notification is let in: set it, here and at the object storage.')
  } else {
    yield ok('events-token', S3_ENDPOINT === undefined ? 'The embedded object storage needs none.' : 'EVENTS_TOKEN is set.')
  }
  yield EXISTENCE_TTL > DOWNLOAD_URL_TTL
    ? warning('lifetimes', 'EXISTENCE_TTL is longer than DOWNLOAD_URL_TTL: a removed file is redirected to for longer than its URL lives. Lower it.')
    : ok('lifetimes', `A download URL lives for ${DOWNLOAD_URL_TTL} s at most, a found file is taken to be there for ${EXISTENCE_TTL} s.`)
}

async function examineDatabase ({ database }: FastifyInstance): Promise<Finding> {
  try {
    const { rows } = await sql<{ now_ms: bigint, migrations: bigint }>`
      select ${epochMs(databaseNow)} as now_ms, (select count(*) from kysely_migration) as migrations`.execute(database)
    const skewMs = Math.abs(Number(rows[0]?.now_ms ?? 0n) - Date.now())
    if (skewMs > SKEW_WARNING_MS) {
      return warning('database', `It answers, but its clock is ${Math.round(skewMs / 1000)} s apart from this machine's: let both follow NTP.`)
    }
    return ok('database', `It answers, and its schema is up to date (${rows[0]?.migrations} migrations).`)
  } catch (error) {
    return failed('database', `${describeFailure(error)} Check DATABASE_URL, and that this machine may connect.`)
  }
}

async function examineBucket (app: FastifyInstance): Promise<Finding> {
  const { bucket } = app.storeTarget
  try {
    const response = await send(app, { method: 'HEAD', objectKey: '' })
    const answeredAtMs = Date.parse(response.headers.get('date') ?? '')
    const skewMs = Math.abs(answeredAtMs - Date.now())
    if (skewMs > SKEW_MAX_MS) {
      return failed('bucket', `The object storage's clock is ${Math.round(skewMs / 60_000)} minutes apart from this machine's, so that it refuses every request: let both follow NTP.`)
    }
    if (response.status === 404) return failed('bucket', `There is no bucket ${bucket}: make it, or correct S3_BUCKET.`)
    if (response.status === 403) return failed('bucket', `The object storage refuses the credentials for the bucket ${bucket}: check S3_ACCESS_KEY, S3_SECRET_KEY and S3_REGION, and the policy.`)
    if (!response.ok) return failed('bucket', `The object storage answers with status ${response.status} for the bucket ${bucket}.`)
    if (skewMs > SKEW_WARNING_MS) {
      return warning('bucket', `It is there, but the object storage's clock is ${Math.round(skewMs / 1000)} s apart from this machine's: let both follow NTP.`)
    }
    return ok('bucket', `The bucket ${bucket} is there, and the clocks agree.`)
  } catch {
    return failed('bucket', 'The object storage does not answer: check S3_ENDPOINT, and that this machine may connect.')
  }
}

async function * examineObjects (app: FastifyInstance, objectKey: string): AsyncGenerator<Finding, undefined> {
  const missing = await send(app, { method: 'HEAD', objectKey })
  yield missing.status === 403
    ? failed('missing-key', 'A missing file is answered with 403 instead of 404, so that no download can tell: allow s3:ListBucket on the bucket.')
    : missing.status === 404
      ? ok('missing-key', 'A missing file is answered with 404.')
      : failed('missing-key', `A missing file is answered with ${missing.status} instead of 404.`)

  for (const [permission, what, request] of [
    ['s3:PutObject', 'put', { method: 'PUT', objectKey }],
    ['s3:GetObject', 'head', { method: 'HEAD', objectKey }],
    ['s3:GetObject', 'get', { method: 'GET', objectKey }],
    ['s3:ListBucket', 'list', { method: 'GET', objectKey: '', query: { 'list-type': '2', prefix: objectKey } }],
  ] as const) {
    const { status } = await send(app, request)
    yield status === 200
      ? ok(what, `The credentials may ${what}.`)
      : failed(what, `The credentials may not ${what}: status ${status}. Allow ${permission}.`)
  }
  yield * examinePublicEndpoint(app, objectKey)
}

async function * examinePublicEndpoint (app: FastifyInstance, objectKey: string): AsyncGenerator<Finding, undefined> {
  const origin = app.config.PUBLIC_URL === undefined ? 'https://files.example.com' : new URL(app.config.PUBLIC_URL).origin
  const [disposition, type] = ['attachment; filename="doctor.csv"', 'text/csv; charset=utf-8']
  let response: Response
  try {
    response = await fetch(app.presign({
      method: 'GET',
      objectKey,
      signedAt: new Date(),
      expiresInSeconds: 60,
      query: { 'response-content-disposition': disposition, 'response-content-type': type },
    }), { headers: { origin }, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) })
    await response.arrayBuffer()
  } catch {
    yield failed('public-endpoint', 'The address that download URLs lead to does not answer from here: check S3_PUBLIC_ENDPOINT, and whatever stands before the object storage.')
    return
  }
  if (response.status !== 200) {
    yield failed('public-endpoint', `A download URL is answered with status ${response.status}: the Host header must reach the object storage unchanged, and S3_REGION must be its own.`)
    return
  }
  yield response.headers.get('content-disposition') === disposition && response.headers.get('content-type') === type
    ? ok('public-endpoint', 'A download URL works, with the file name and the type that it says.')
    : failed('public-endpoint', 'A download URL works, but its response-content-disposition or response-content-type is not honoured: files would open instead of being saved.')
  const allowed = response.headers.get('access-control-allow-origin')
  yield allowed === '*' || allowed === origin
    ? ok('cors', `Scripts of ${origin} may follow a download's redirect.`)
    : warning('cors', `Scripts of ${origin} may not read what a download redirects to; links work. If web pages fetch files, allow their origin in the bucket's CORS configuration (GET, HEAD, PUT).`)
}

async function * examineNotifications (
  { app, waitMs, signal }: Examination, objectKey: string,
): AsyncGenerator<Finding, undefined> {
  const { DATABASE_URL, S3_ENDPOINT } = app.config
  if (DATABASE_URL === undefined && S3_ENDPOINT !== undefined) {
    yield skipped('notifications', 'They go to the service, which cannot run beside the doctor on the embedded database.')
    return
  }
  const advice = 'Either no service runs on this database, or the bucket does not send it notifications: let it send ObjectCreated and ObjectRemoved to POST /api/v1/objects/events, with EVENTS_TOKEN.'
  const isCounted = async () => {
    const row = await app.database.selectFrom('objects').select('removed_at').where('object_key', '=', objectKey).executeTakeFirst()
    return row !== undefined && row.removed_at === null
  }
  if (!await until(isCounted, waitMs, signal)) {
    yield failed('notifications', `No notification of a new file came within ${waitMs / 1000} s. ${advice}`)
    return
  }
  const { status } = await send(app, { method: 'DELETE', objectKey })
  if (status >= 300) {
    yield failed('delete', `The credentials may not delete: status ${status}. Allow s3:DeleteObject.`)
    return
  }
  yield ok('delete', 'The credentials may delete.')
  yield await until(async () => !await isCounted(), waitMs, signal)
    ? ok('notifications', 'A new file and its removal are counted by themselves.')
    : failed('notifications', `A new file was counted, but its removal was not within ${waitMs / 1000} s: let the bucket send ObjectRemoved, too.`)
}

async function until (condition: () => Promise<boolean>, waitMs: number, signal: AbortSignal): Promise<boolean> {
  const deadlineMs = performance.now() + waitMs
  while (!await condition()) {
    if (performance.now() > deadlineMs) return false
    await setTimeout(POLL_MS, undefined, { signal })
  }
  return true
}

/** Sends a request as the service does, but once, and whatever the answer. */
async function send (
  app: FastifyInstance, request: Pick<PresignedRequest, 'method' | 'objectKey' | 'query'>,
): Promise<Response> {
  const url = createPresign(app.storeTarget)({ ...request, signedAt: new Date(), expiresInSeconds: 60 })
  const response = await fetch(url, {
    method: request.method,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    ...request.method === 'PUT' ? { body: PROBE_BODY } : {},
  })
  await response.arrayBuffer()
  return response
}
