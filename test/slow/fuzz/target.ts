import { type IncomingHttpHeaders, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'
import { type TestService, admin, member, runId, service, startService, workflowId } from '../../support/service.js'

/** A request as it is sent, one character a byte. */
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

/** The service that is fuzzed, behind a real socket. */
export interface Target extends TestService {
  origin: string
  /** @throws when there is no whole answer within ten seconds */
  send: (request: FuzzRequest) => Promise<Answer>
  /** Object keys of files that are there. */
  objectKeys: string[]
  /** Puts those files back that a request has removed. */
  restoreFiles: () => Promise<void>
  /** Authorization headers of value, by the kind of token that an operation wants. */
  tokens: { bearerAuth: string[], eventsToken: string[] }
  /** What must not be told: credentials, tokens and object keys. */
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

/** Starts the service on embedded parts, or on what `environment` names, with a few files in its store. */
export async function startTarget (t: Pick<Test, 'teardown'>, environment: Record<string, string> = {}): Promise<Target> {
  const testService = await startService(t, { EVENTS_TOKEN, ...environment })
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
  // So that there is one to tell of.
  await app.inject({ method: 'POST', url: '/api/v1/objects/reconcile', headers: authorise(admin) })
  const objectKeys = stored.map(({ objectKey }) => objectKey)
  const tokens = {
    bearerAuth: [member, admin, service].map((caller) => authorise(caller).authorization),
    eventsToken: [`Bearer ${EVENTS_TOKEN}`, EVENTS_TOKEN, `Basic ${Buffer.from(`rgw:${EVENTS_TOKEN}`).toString('base64')}`],
  }
  return {
    ...testService,
    origin,
    objectKeys,
    restoreFiles,
    tokens,
    secrets: [...tokens.bearerAuth.map((token) => token.slice('Bearer '.length)), EVENTS_TOKEN, app.storeTarget.secretKey, ...objectKeys],
    send: async ({ method, path, headers, body }) => await new Promise((resolve, reject) => {
      const bytes = body === undefined ? undefined : Buffer.from(body, 'latin1')
      const sent = request({
        host: '127.0.0.1',
        port,
        // A connection each: one that is kept may be closed by the service just when the next request is sent.
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
