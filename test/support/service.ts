import { EventEmitter } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import type { Test } from 'tap'
import { build } from '../../app.js'
import { loadConfig } from '../../config.js'
import type { FetchText } from '../../identity/amazon-sns/fetch-text.js'
import { loggerOptions } from '../../logging.js'
import { mintObjectKey } from '../../objects/object-key.js'
import { type Caller, writeClaims } from '../../schemas/token-claims.js'
import { createEmbeddedDirectory } from './embedded-template.js'

export const workflowId = '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10'
export const runId = '9b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3'
export const member: Caller = { userId: '5e2f1a70-1c2d-4e3f-8a9b-0c1d2e3f4a5b', orgKey: 'acme', roles: ['member'] }
export const admin: Caller = { userId: '6b1d0c9e-2a3b-4c5d-8e7f-90a1b2c3d4e5', orgKey: 'acme', roles: ['admin'] }
export const service: Caller = { userId: '7c2e1daf-3b4c-4d5e-9f80-a1b2c3d4e5f6', orgKey: 'acme', roles: ['service'] }
/** Another member of the same organisation. */
export const colleague: Caller = { userId: '4d1c0b9a-3e5f-4a6b-9c7d-8e9f0a1b2c3d', orgKey: 'acme', roles: ['member'] }
/** People of another organisation with the same ids: code that forgets the organisation would confuse the two. */
export const foreignMember: Caller = { ...member, orgKey: 'globex' }
export const foreignAdmin: Caller = { ...admin, orgKey: 'globex' }
export const dispositions = ['attachment', 'inline'] as const
/** The secret with which services under test verify tokens. */
export const TOKEN_SECRET = 'secret-of-the-tokens-that-tests-sign'

/** The service's origin in requests that are injected rather than sent through a socket. */
const INJECTED_ORIGIN = 'http://localhost'

/** The whole service with its own database and store. */
export interface TestService {
  app: FastifyInstance
  /** Everything that was logged, down to level trace, one line of JSON each. */
  log: string[]
  /** Resolves with the next line, from now on, that satisfies the condition. */
  nextLine: (condition: (line: LogLine) => boolean) => Promise<LogLine>
  /** Headers that authorise as someone. */
  authorise: (caller: Caller) => { authorization: string }
  /** Puts a file directly into the store and returns its object key. */
  putFile: (body: string | Buffer, file?: Partial<StoredFile>) => Promise<string>
  /**
   * Fetches a URL that the service returned, as it appears in an answer's body or header. URLs of the service itself go to a
   * port that it then listens on.
   */
  follow: (url: string, init?: RequestInit) => Promise<Response>
  /** The path and query that download a file. */
  downloadPath: (objectKey: string, type?: 'attachment' | 'inline') => string
}

/** What a line of the log says. */
export interface LogLine {
  level: number
  msg: string
  err?: { type: string, message: string, code?: string }
}

interface StoredFile {
  objectKey: string
  fileName: string
  /** null stores none. */
  contentType: string | null
  metadata: Record<string, string>
}

/**
 * Builds the service on embedded parts in a folder of its own, or on what `environment` names, and closes it with the test.
 *
 * @param options.fetchText answers in place of Amazon SNS
 */
export async function startService (
  t: Pick<Test, 'teardown'>, environment: Record<string, string> = {}, options: { fetchText?: FetchText } = {},
): Promise<TestService> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'objects-storage-test-'))
  if (environment.DATABASE_URL === undefined) await createEmbeddedDirectory(join(dataDirectory, 'database'))
  const log: string[] = []
  const lines = new EventEmitter<{ line: [LogLine] }>()
  const stream = new Writable({
    write (chunk, _encoding, done) {
      log.push(String(chunk))
      lines.emit('line', JSON.parse(String(chunk)))
      done()
    },
  })
  const config = loadConfig({
    DATA_DIR: dataDirectory,
    LOG_LEVEL: 'trace',
    // Tests send more invalid requests in a minute than anyone else would.
    DOWNLOAD_MISS_LIMIT: '0',
    AUTH_FAILURE_LIMIT: '0',
    // The machine may be busy with other tests.
    MAX_EVENT_LOOP_DELAY: '0',
    ...environment.JWT_PUBLIC_KEY === undefined && environment.JWT_JWKS_URL === undefined ? { JWT_SECRET: TOKEN_SECRET } : {},
    ...environment,
  })
  const app = build(config, { ...options, logger: pino(loggerOptions(config.LOG_LEVEL), stream) })
  t.teardown(async () => {
    await app.close()
    await rm(dataDirectory, { recursive: true, force: true })
  })
  await app.ready()
  let listening: Promise<string> | undefined
  return {
    app,
    log,
    follow: async (url, init) => {
      const target = new URL(url, `${INJECTED_ORIGIN}/api/v1/objects/download`)
      if (target.origin !== INJECTED_ORIGIN) return await fetch(target, init)
      listening ??= app.listen({ host: '127.0.0.1', port: 0 })
      return await fetch(new URL(target.pathname + target.search, await listening), init)
    },
    nextLine: (condition) => new Promise((resolve) => {
      const look = (line: LogLine) => {
        if (!condition(line)) return
        lines.off('line', look)
        resolve(line)
      }
      lines.on('line', look)
    }),
    authorise: (caller) => ({
      authorization: `Bearer ${app.jwt.sign(writeClaims(caller, app.claimNames, app.roleValues), { expiresIn: '1h' })}`,
    }),
    putFile: async (body, file = {}) => {
      const { fileName = 'file.txt', contentType = 'text/plain', metadata = {} } = file
      const objectKey = file.objectKey ??
        mintObjectKey({ orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction: 'outputs', path: fileName })
      const bytes = Buffer.from(body)
      const { bucket, keyPrefix = '' } = app.storeTarget
      await app.minio.putObject(bucket, keyPrefix + objectKey, bytes, bytes.length, {
        ...metadata, ...contentType === null ? {} : { 'Content-Type': contentType },
      })
      return objectKey
    },
    downloadPath: (objectKey, type) =>
      `/api/v1/objects/download?objectKey=${encodeURIComponent(objectKey)}${type === undefined ? '' : `&type=${type}`}`,
  }
}
