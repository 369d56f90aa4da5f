import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Kysely, LogEvent } from 'kysely'
import { Histogram } from 'prom-client'
import { type Config, secretFilesOf } from '../config.js'
import { DatabaseClock } from '../db/connection/database-clock.js'
import { type Route, connectPostgres } from '../db/connection/pool.js'
import type { Database } from '../db/connection/tables.js'
import { type PasswordSource, createRdsPassword, passwordIn } from '../db/connection/password.js'
import { DatabaseRefusalError, isDatabaseRefusal, isDatabaseUnavailable } from '../db/connection/availability.js'
import { migrateToLatest } from '../db/connection/migrate.js'
import { sqlState } from '../db/connection/sql-state.js'
import { EmbeddedDatabaseError } from '../embedded/postgres/failure.js'
import { connectEmbeddedPostgres } from '../embedded/postgres/pool.js'

declare module 'fastify' {
  interface FastifyInstance {
    database: Kysely<Database>
    databaseClock: DatabaseClock
    /** Returns the password for each connection; undefined if it is in the URL and never changes. */
    databasePassword: PasswordSource | undefined
    /** How the newest connection reaches the database; undefined before the first one, and if it is embedded. */
    databaseRoute: () => Route | undefined
    /** Whether the embedded database began anew at this start, since its data could not be read. */
    isCatalogueNew: () => boolean
    /** Whether the database has the newest schema, as far as this process has seen. */
    isDatabaseMigrated: () => boolean
  }
}

const MIGRATION_RETRY_MS = 2_000
const CLOCK_INTERVAL_MS = 60_000

/**
 * Decorates the instance with the catalogue's database, migrated. If PostgreSQL does not answer at the start, the service
 * starts nevertheless, since downloads need no database, and migrates as soon as it does.
 */
export default fastifyPlugin(async (app) => {
  const { DATABASE_URL, DATABASE_CA, DATABASE_POOLER, DATABASE_AUTH, DATA_DIR } = app.config
  const password = DATABASE_URL !== undefined && DATABASE_AUTH === 'aws-iam'
    ? await createRdsPassword(DATABASE_URL)
    : followPassword(app)
  app.decorate('databasePassword', password)
  const statements = new Histogram({
    name: 'objects_storage_database_statement_duration_seconds',
    help: 'Statements, from when they were sent on a connection until they were answered.',
    labelNames: ['outcome'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
    registers: [app.metrics],
  })
  // Only the time is looked at: a statement's parameters contain object keys.
  const observe = ({ level, queryDurationMillis }: LogEvent) => {
    statements.observe({ outcome: level === 'error' ? 'error' : 'ok' }, queryDurationMillis / 1000)
    app.traceCall?.('database statement', queryDurationMillis, level === 'error')
  }
  let route: Route | undefined
  let isCatalogueNew = false
  const takeRoute = (newRoute: Route) => {
    if (newRoute.isPooled !== (route?.isPooled ?? false)) {
      app.log.info(newRoute.isPooled
        ? 'sessions of the database seem to be shared, as by a pooler: nothing is kept in them, and no statement is prepared'
        : 'sessions of the database are the service\'s own')
    }
    route = newRoute
  }
  const onConnectionError = (error: Error) => { app.log.warn({ err: error }, 'an idle connection to the database broke') }
  const database = DATABASE_URL === undefined
    ? connectEmbeddedPostgres<Database>(join(DATA_DIR, 'database'), {
      onCrash: (error) => {
        app.log.error({ err: error }, 'the embedded database crashed, and is started again once it is needed and the disk has room')
      },
      onSetAside: (directory) => {
        isCatalogueNew = true
        app.log.warn({ directory }, 'the embedded database\'s data is another program\'s or another version\'s: it is kept in this folder, the bucket is ' +
            'counted again, and all else begins anew')
      },
    }, onConnectionError, observe)
    : connectPostgres(DATABASE_URL, onConnectionError, {
      pooler: DATABASE_POOLER, caFile: DATABASE_CA, password, onConnected: takeRoute,
    }, observe)
  app.decorate('database', database)
  app.decorate('databaseRoute', () => route)
  app.decorate('isCatalogueNew', () => isCatalogueNew)

  const databaseClock = new DatabaseClock()
  app.decorate('databaseClock', databaseClock)
  let measuring: Promise<void> | undefined
  const measureClock = async () => {
    // While the database does not answer, there is nothing to time either.
    await databaseClock.measure(database).catch(() => {})
  }
  const timer = setInterval(() => { measuring = measureClock() }, CLOCK_INTERVAL_MS)
  timer.unref()

  const closing = new AbortController()
  let retrying: Promise<void> | undefined
  app.addHook('onClose', async () => {
    clearInterval(timer)
    closing.abort()
    await measuring
    await retrying
    await database.destroy()
  })

  let isMigrated = false
  app.decorate('isDatabaseMigrated', () => isMigrated)
  const migrate = async () => {
    const { applied, newer } = await migrateToLatest(database)
    isMigrated = true
    await measureClock()
    if (applied.length > 0) app.log.info({ migrations: applied }, 'migrated the database')
    if (newer.length > 0) app.log.info({ migrations: newer }, 'the database has a newer schema than this build, which works with it as well')
  }
  const migrateOnceReachable = async () => {
    while (!closing.signal.aborted) {
      try {
        await setTimeout(MIGRATION_RETRY_MS, undefined, { signal: closing.signal })
        return await migrate()
      } catch (error) {
        if (!closing.signal.aborted) app.log.warn({ err: error }, 'the database is not migrated yet')
      }
    }
  }
  try {
    await migrate()
  } catch (error) {
    if (error instanceof EmbeddedDatabaseError) throw error
    if (isDatabaseRefusal(error) || (sqlState(error) !== '' && !isDatabaseUnavailable(error))) throw new DatabaseRefusalError(error)
    if (!isDatabaseUnavailable(error)) throw error
    app.log.warn({ err: error }, 'the database does not answer: starting without it')
    retrying = migrateOnceReachable()
  }
}, { name: 'database', dependencies: ['config', 'secret-files', 'data-directory', 'metrics', 'tracing'] })

/** Returns the password from its file or the URL as it changes; undefined if neither changes and the URL has it. */
function followPassword ({ config, secretFiles }: FastifyInstance): PasswordSource | undefined {
  const passwordOf = ({ DATABASE_PASSWORD, DATABASE_URL }: Config) =>
    DATABASE_PASSWORD ?? (DATABASE_URL === undefined ? undefined : passwordIn(DATABASE_URL)) ?? ''
  if (config.DATABASE_PASSWORD === undefined && !secretFilesOf(config).has('DATABASE_URL')) return undefined
  let password = passwordOf(config)
  secretFiles.on('change', (changed) => { password = passwordOf(changed) })
  return () => password
}
