import { sql } from 'kysely'
import type { Test } from 'tap'
import { createServerDatabase } from '../../support/database.js'
import { onServer } from '../../support/on-server.js'
import { type Fault, FaultProxy } from '../../support/fault-proxy.js'
import { fuzzParts } from '../fuzz/fuzz.js'
import { type Target, startTarget } from '../fuzz/target.js'
import type { StoreKind } from '../../support/stores.js'
import { createCaller, useEverything, useStore } from './traffic.js'
import { Watch } from './watch.js'

const FUZZ = { runs: 3, seed: 20261124 }
const JWT_SECRET = 'jwt secret/with+what "must" be encoded & escaped'
const SERVICE_SECRET = 'service secret of links, cursors and ids of uploads'
const DATABASE_PASSWORD = 'database-password+9f'
const REDIS_PASSWORD = 'redis-password+7c'

const storeFaults: Fault[] = [
  { kind: 'answer', statusCode: 403, code: 'SignatureDoesNotMatch' },
  { kind: 'answer', statusCode: 500, code: 'InternalError' },
  { kind: 'reset' },
  { kind: 'truncate', afterBytes: 0 },
]
// As many as the attempts at one request: after more failures the service would leave the store alone for a while.
const TRIES = 3

// Proves that all this was recorded.
const evidence = [
  'request completed', 'objects_storage_', 'compared the catalogue with the bucket', 'starting without it', 'Redis cannot be reached',
  'new row for relation', '"object":"sha256:', 'INVALID_REQUEST', 'TOKEN_REQUIRED', 'TOKEN_INVALID', 'FORBIDDEN', 'OBJECT_NOT_FOUND', 'SHARE_NOT_FOUND', 'UPLOAD_NOT_FOUND', 'ROUTE_NOT_FOUND',
  'HEADERS_TOO_LARGE', 'RANGE_NOT_SATISFIABLE', 'QUOTA_EXCEEDED', 'STORE_UNAVAILABLE', 'STORE_REFUSED', 'UND_ERR_HEADERS_TIMEOUT', 'kept failing', 'DATABASE_UNAVAILABLE', 'INTERNAL_ERROR',
]

/**
 * Uses the service in every way, with everything working and with every kind of failure, and asserts that neither its
 * trace-level log, nor an error, nor a metric revealed a secret.
 *
 * @param serverUrl a PostgreSQL server to create a database on; undefined for the embedded one
 */
export async function proveSecrecy (t: Test, kind: StoreKind, serverUrl: string | undefined): Promise<void> {
  const watch = new Watch()
  const consoles = (['log', 'info', 'warn', 'error', 'debug'] as const).map((method) => t.capture(console, method))
  const store = await kind.open()
  t.teardown(store.close)
  const proxy = await FaultProxy.start(store.endpoint)
  t.teardown(() => proxy.close())
  const database = serverUrl === undefined ? undefined : await createServerDatabase(serverUrl)
  if (database !== undefined) t.teardown(database.close)
  for (const secret of [JWT_SECRET, SERVICE_SECRET, DATABASE_PASSWORD, REDIS_PASSWORD, store.environment.S3_SECRET_KEY]) watch.addSecret(secret ?? '')

  const start = async (environment: Record<string, string>) => {
    const target = await startTarget(t, {
      ...store.environment,
      JWT_SECRET,
      SERVICE_SECRET,
      S3_ENDPOINT: proxy.endpoint,
      S3_PUBLIC_ENDPOINT: store.endpoint,
      EXISTENCE_TTL: '0',
      ...database?.url === undefined ? {} : { DATABASE_URL: database.url },
      ...environment,
    })
    for (const secret of target.secrets) watch.addSecret(secret)
    for (const objectKey of target.objectKeys) watch.addObjectKey(objectKey)
    return target
  }
  const close = async (target: Target) => {
    watch.hear((await target.send({ method: 'GET', path: '/metrics', headers: {} })).body.toString())
    await target.app.close()
    watch.hear(...target.log)
  }

  for (const mode of ['redirect', 'stream']) {
    const target = await start({ DOWNLOAD_MODE: mode })
    const caller = createCaller(target, watch)
    for (const { run } of await fuzzParts(target, { ...FUZZ, onAnswer: (answer) => { watch.see(answer) } })) await run()
    t.ok(await useEverything(caller), `${mode}: all was well`)
    for (const fault of storeFaults) {
      await useStore(caller, async () => {
        proxy.heal()
        // Between two failures that are answered, so that the service keeps asking.
        await target.restoreFiles()
        proxy.inject(fault, { times: TRIES })
      })
      proxy.heal()
    }
    if (serverUrl !== undefined && database?.url !== undefined) {
      await admitToDatabase(serverUrl, database.url, false)
      await useEverything(caller)
      await admitToDatabase(serverUrl, database.url, true)
    }
    await admitRows(target, false)
    await useEverything(caller)
    await admitRows(target, true)
    await close(target)
  }

  const withoutDatabase = await start({
    DATABASE_URL: `postgres://someone:${DATABASE_PASSWORD}@127.0.0.1:1/none`,
    REDIS_URL: `redis://:${REDIS_PASSWORD}@127.0.0.1:1`,
    S3_FIRST_BYTE_TIMEOUT: '0.5',
  })
  const callerWithoutDatabase = createCaller(withoutDatabase, watch)
  await useEverything(callerWithoutDatabase)
  proxy.inject({ kind: 'mute' })
  await useStore(callerWithoutDatabase, () => {})
  proxy.heal()
  await close(withoutDatabase)

  for (const results of consoles) watch.hear(...results().map(({ args }) => args.map(String).join(' ')))
  for (const words of evidence) t.ok(watch.knows(words), `what was heard is that of all this: ${words}`)
  t.ok(watch.secretCount > 50, `${watch.secretCount} secrets`)
  t.strictSame(watch.leaks(), [])
}

/** Makes the database refuse every row with an object key, with an error that contains the whole row; or accept them again. */
async function admitRows ({ app }: Target, areAdmitted: boolean): Promise<void> {
  const change = areAdmitted ? sql`drop constraint none` : sql`add constraint none check (false) not valid`
  for (const table of ['objects', 'uploads', 'set_aside_events']) await sql`alter table ${sql.table(table)} ${change}`.execute(app.database)
}

/** Keeps everyone from connecting to a database, and ends its connections; or admits them again. */
async function admitToDatabase (serverUrl: string, url: string, isAdmitted: boolean): Promise<void> {
  const name = new URL(url).pathname.slice(1)
  await onServer(serverUrl, `alter database ${name} allow_connections ${isAdmitted}`)
  await onServer(serverUrl, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
}
