import { type IncomingHttpHeaders, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'
import { recordSelection } from '../../../db/shares/selections.js'
import { PARTS_MAX, PART_MIN_BYTES } from '../../../objects/part-layout.js'
import { createSns } from '../../support/amazon-sns.js'
import { everyDoor, issuePushToken } from '../../support/event-doors.js'
import { makeKey, startIssuer } from '../../support/issuer.js'
import { type TestService, admin, member, runId, service, startService, workflowId } from '../../support/service.js'

/** A request as it is sent, one character per byte. */
export interface FuzzRequest {
  method: string
  path: string
  headers: Record<string, string | string[]>
  body?: string
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

/** The fuzzed service, behind a real socket. */
export interface Target extends TestService {
  origin: string
  /** @throws if there is no complete answer within ten seconds */
  send: (request: FuzzRequest) => Promise<Answer>
  /** Object keys of existing files. */
  objectKeys: string[]
  /** Restores the files that a request has removed. */
  restoreFiles: () => Promise<void>
  /** Removes the quota that a request has set, which would refuse every upload after it. */
  liftQuota: () => Promise<void>
  /** Ids of uploads in parts that the operation can still do something with, of each user. */
  uploadIds: (operationId: string) => string[]
  /** Ends of share links that stay open: to files, to a run and to a selection. */
  sealed: string[]
  /** Ids of share links that can be revoked repeatedly; none without a database. */
  shareIds: string[]
  /** Valid Authorization headers, by the kind of token that an operation requires. */
  tokens: { bearerAuth: string[], eventsToken: string[], pushToken: string[] }
  /** The token that a path may contain. */
  pathToken: string
  /** The message that Amazon SNS sends for something that is published. */
  publish: (text: string) => Record<string, string>
  /** What must not be revealed: credentials, tokens and object keys. */
  secrets: string[]
}

const ANSWER_TIMEOUT_MS = 10_000
const EVENTS_TOKEN = 'events-token-of-the-fuzz-run'

const files = [
  { path: 'report.txt', contentType: 'text/plain', body: 'x'.repeat(1000) },
  { path: 'Berichte/2026/Bericht 秘密 100%.pdf', contentType: 'application/pdf', body: '%PDF-1.7' },
  { path: 'page.html', contentType: 'text/html', body: '<script>alert(1)</script>' },
  { path: 'empty', contentType: null, body: '' },
]

/** For each user, one to abort, one that is complete, and one that stays open. */
async function beginUploads ({ app, authorise }: TestService, origin: string) {
  const uploads: Record<'abortUpload' | 'completeUpload' | 'others', string[]> = { abortUpload: [], completeUpload: [], others: [] }
  for (const caller of [member, admin, service]) {
    const begin = async (sizeBytes: number) => await app.inject({
      method: 'POST',
      url: '/api/v1/objects/uploads',
      headers: authorise(caller),
      payload: { workflowId, runId, direction: 'inputs', fileName: 'parts', contentType: 'text/plain', multipart: true, sizeBytes },
    })
    const begun = await begin(1)
    // Without a database no upload can begin.
    if (begun.statusCode === 503) continue
    const { uploadId, parts: [{ url }] } = begun.json()
    // Injected requests are addressed to this host.
    await fetch(url.replace(/^http:\/\/localhost(?::80)?\//, `${origin}/`), { method: 'PUT', body: 'x' })
    await app.inject({ method: 'POST', url: '/api/v1/objects/uploads/complete', headers: authorise(caller), payload: { uploadId } })
    uploads.completeUpload.push(uploadId)
    uploads.abortUpload.push((await begin(1)).json().uploadId)
    uploads.others.push((await begin(PARTS_MAX * PART_MIN_BYTES)).json().uploadId)
  }
  return uploads
}

/** Links that no request revokes, since they seem to have been made after any revocation. */
async function sealShares ({ app }: TestService, objectKeys: readonly string[]): Promise<string[]> {
  const selection = { id: runId, orgKey: member.orgKey, madeBy: member.userId, kind: 'selection', note: null, lifetimeSeconds: 86_400 } as const
  // Without a database it leads to nothing.
  await recordSelection(app.database, selection, objectKeys).catch(() => {})
  const targets = [
    { kind: 'selection' } as const,
    { kind: 'files', workflowId, runId, createdBy: undefined, prefix: '' } as const,
    ...objectKeys.map((objectKey) => ({ kind: 'file', objectKey }) as const),
  ]
  const expiresAtMs = Date.now() + 24 * 3_600_000
  return targets.map((target) => app.shares.seal({
    id: runId, orgKey: member.orgKey, madeAtMicros: expiresAtMs * 1000, expiresAtMs, disposition: 'inline', target,
  }))
}

/** One for each user, if there is a database. */
async function makeShares ({ app, authorise }: TestService): Promise<string[]> {
  const answers = await Promise.all([member, admin, service].map(async (caller) => await app.inject({
    method: 'POST', url: '/api/v1/objects/shares', headers: authorise(caller), payload: { workflowId, runId },
  })))
  return answers.flatMap((answer) => answer.statusCode === 201 ? [answer.json().id] : [])
}

/** Starts the service on embedded parts, or on what `environment` names, with a few files in its store. */
export async function startTarget (t: Pick<Test, 'teardown'>, environment: Record<string, string> = {}): Promise<Target> {
  const [sns, issuer] = [await createSns(), await startIssuer(t)]
  const googleKey = makeKey('RS256', 'google')
  issuer.publish(googleKey.jwk)
  const testService = await startService(
    t, { ...everyDoor, EVENTS_TOKEN, EVENTS_PUBSUB_JWKS_URL: issuer.url, ...environment }, { fetchText: sns.fetchText })
  const { app, authorise, putFile } = testService
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = new URL(origin)

  // Always the same keys, so that a seed always makes the same requests.
  const stored = files.map(({ body, path, contentType }, index) => {
    const objectKey = `${member.orgKey}/workflows/${workflowId}/runs/${runId}/users/${member.userId}/outputs/AAAAAAAAAAAAAAAAAAAAA${index}/${path}`
    return { objectKey, put: () => putFile(body, { objectKey, contentType }) }
  })
  const restoreFiles = async () => {
    for (const { objectKey, put } of stored) if (await app.objectStorage.head(objectKey) === undefined) await put()
  }
  await restoreFiles()
  // So that there is a reconcile to report on.
  await app.inject({ method: 'POST', url: '/api/v1/objects/reconcile', headers: authorise(admin) })
  const objectKeys = stored.map(({ objectKey }) => objectKey)
  const uploads = await beginUploads(testService, origin)
  const sealed = await sealShares(testService, objectKeys)
  const shareIds = await makeShares(testService)
  const tokens = {
    bearerAuth: [member, admin, service].map((caller) => authorise(caller).authorization),
    pushToken: [`Bearer ${issuePushToken(googleKey)}`],
    eventsToken: [`Bearer ${EVENTS_TOKEN}`, EVENTS_TOKEN, `Basic ${Buffer.from(`rgw:${EVENTS_TOKEN}`).toString('base64')}`],
  }
  return {
    ...testService,
    origin,
    objectKeys,
    restoreFiles,
    liftQuota: async () => {
      await app.inject({ method: 'PUT', url: '/api/v1/objects/quota', headers: authorise(service), payload: { quotaBytes: null } })
    },
    uploadIds: (operationId) => operationId === 'abortUpload' || operationId === 'completeUpload' ? uploads[operationId] : uploads.others,
    sealed,
    shareIds,
    tokens,
    pathToken: EVENTS_TOKEN,
    publish: (text) => sns.notification(undefined, { Message: text }),
    secrets: [...[...tokens.bearerAuth, ...tokens.pushToken].map((token) => token.slice('Bearer '.length)), EVENTS_TOKEN, app.storeTarget.credentials.current.secretKey, ...objectKeys, ...sealed],
    send: async ({ method, path, headers, body }) => await new Promise((resolve, reject) => {
      const bytes = body === undefined ? undefined : Buffer.from(body, 'latin1')
      const sent = request({
        host: '127.0.0.1',
        port,
        // A new connection each: the service may close an idle one just when the next request is sent.
        agent: false,
        method,
        path,
        headers: { ...headers, ...bytes === undefined ? {} : { 'content-length': bytes.length } },
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      })
      sent.on('response', (response) => {
        buffer(response).then((answer) => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answer })
        }, reject)
      })
      sent.on('error', reject)
      sent.end(bytes)
    }),
  }
}
