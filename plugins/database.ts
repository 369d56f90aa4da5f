import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import fastifyPlugin from 'fastify-plugin'
import type { Kysely, LogEvent } from 'kysely'
import { Histogram } from 'prom-client'
import { DatabaseClock } from '../db/connection/database-clock.js'
import { connectPostgres } from '../db/connection/pool.js'
import type { Database } from '../db/connection/tables.js'
import { DatabaseRefusalError, isDatabaseRefusal, isDatabaseUnavailable } from '../db/connection/availability.js'
import { migrateToLatest } from '../db/connection/migrate.js'
import { sqlState } from '../db/connection/sql-state.js'

declare module 'fastify' {
  interface FastifyInstance {
    database: Kysely<Database>
    databaseClock: DatabaseClock
    /** Whether the database has the newest schema, as far as this process has seen. */
    isDatabaseMigrated: () => boolean
  }
}

const MIGRATION_RETRY_MS = 2_000
const CLOCK_INTERVAL_MS = 60_000

/**
 * Decorates the instance with the catalogue's database, migrated. Where PostgreSQL does not answer at the start, the
 * service starts nevertheless, since downloads need no database, and migrates as soon as it does.
 */
export default fastifyPlugin(async (app) => {
  const { DATABASE_URL, DATA_DIR } = app.config
  const statements = new Histogram({
    name: 'objects_storage_database_statement_duration_seconds',
    help: 'Statements, from when they were sent on a connection until they were answered.',
    labelNames: ['outcome'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
    registers: [app.metrics],
  })
  // Nothing but the time is looked at: a statement's parameters hold object keys.
  const observe = ({ level, queryDurationMillis }: LogEvent) => {
    statements.observe({ outcome: level === 'error' ? 'error' : 'ok' }, queryDurationMillis / 1000)
    app.traceCall?.('database statement', queryDurationMillis, level === 'error')
  }
  const database = DATABASE_URL === undefined
    // Not loaded where it is not used: it is the biggest of all parts.
    ? (await import('../embedded/postgres/pool.js')).connectEmbeddedPostgres<Database>(join(DATA_DIR, 'database'), observe, (error) => {
        app.log.error({ err: error }, 'the embedded database crashed, and is started again once it is needed and the disk has room')
      })
    : connectPostgres(DATABASE_URL, (error) => {
      app.log.warn({ err: error }, 'an idle connection to the database broke')
    }, {}, observe)
  app.decorate('database', database)

  const databaseClock = new DatabaseClock()
  app.decorate('databaseClock', databaseClock)
  let measuring: Promise<void> | undefined
  const measureClock = async () => {
    // While the database does not answer, there is nothing to be timed either.
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
    if (isDatabaseRefusal(error) || (sqlState(error) !== '' && !isDatabaseUnavailable(error))) throw new DatabaseRefusalError(error)
    if (!isDatabaseUnavailable(error)) throw error
    app.log.warn({ err: error }, 'the database does not answer: starting without it')
    retrying = migrateOnceReachable()
  }
}, { name: 'database', dependencies: ['config', 'data-directory', 'metrics', 'tracing'] })
