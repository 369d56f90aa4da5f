import { setTimeout } from 'node:timers/promises'
import fastifyPlugin from 'fastify-plugin'
import { connectPostgres } from '../db/connection/pool.js'
import { backfillRuns, finishBackfill, readBackfillProgress } from '../db/runs/backfill.js'
import { makeObjectIndexes } from '../db/runs/indexes.js'
import { type Lease, underLease } from '../db/leases.js'
import { NotReadyError } from '../schemas/errors.js'

declare module 'fastify' {
  interface FastifyInstance {
    runs: {
      /** Whether all files are counted in their runs, and the indexes that lists of them need exist. */
      areCounted: () => Promise<boolean>
      /** @throws {NotReadyError} if they are not */
      requireCounted: () => Promise<void>
    }
  }
}

const LEASE_NAME = 'run-backfill'
const RETRY_MS = 5_000
const PROGRESS_MS = 10_000
/** The pause is as long as the batch took, which leaves others half of the database's time, but no longer than this. */
const PAUSE_MAX_MS = 1_000

/**
 * Counts the files that were stored before there were runs, while the service listens, and decorates the instance with whether
 * that is done. One replica at a time does this; another one continues where it stopped.
 */
export default fastifyPlugin(async (app) => {
  const closing = new AbortController()
  let isFinished = false
  let underWay: Promise<void> | undefined

  const areCounted = async () => {
    isFinished ||= (await readBackfillProgress(app.database)).isFinished
    return isFinished
  }
  app.decorate('runs', {
    areCounted,
    requireCounted: async () => { if (!await areCounted()) throw new NotReadyError() },
  })

  const countFiles = async (signal: AbortSignal) => {
    let loggedAtMs = performance.now()
    for (let hasMore = true; hasMore;) {
      const startedAtMs = performance.now()
      hasMore = (await backfillRuns(app.database)).hasMore
      const endedAtMs = performance.now()
      if (endedAtMs - loggedAtMs > PROGRESS_MS) {
        loggedAtMs = endedAtMs
        app.log.info(await readBackfillProgress(app.database), 'counting files in their runs')
      }
      await setTimeout(Math.min(endedAtMs - startedAtMs, PAUSE_MAX_MS), undefined, { signal })
    }
  }
  const makeIndexes = async (signal: AbortSignal) => {
    const { DATABASE_URL, DATABASE_CA, DATABASE_POOLER } = app.config
    // An index of a big table takes longer than any other statement may.
    const unbounded = DATABASE_URL === undefined
      ? app.database
      : connectPostgres(DATABASE_URL, () => {}, {
        statementTimeoutMs: 0, answerTimeoutMs: 0, pooler: DATABASE_POOLER, caFile: DATABASE_CA, password: app.databasePassword,
      })
    try {
      return await makeObjectIndexes(app.database, { unbounded, signal })
    } finally {
      if (unbounded !== app.database) await unbounded.destroy()
    }
  }
  const backfill = async ({ lost }: Lease) => {
    const signal = AbortSignal.any([closing.signal, lost])
    app.log.info('counting the existing files in their runs: lists of them answer NOT_READY until that is done')
    await countFiles(signal)
    const indexes = await makeIndexes(signal)
    await finishBackfill(app.database)
    app.log.info({ ...await readBackfillProgress(app.database), indexes }, 'counted all files in their runs')
  }
  const backfillOnce = async () => {
    if (!app.isDatabaseMigrated()) return false
    if (await areCounted()) return true
    await underLease(app.database, LEASE_NAME, backfill)
    return await areCounted()
  }
  const backfillUntilFinished = async () => {
    while (!closing.signal.aborted) {
      try {
        if (await backfillOnce()) return
      } catch (error) {
        if (!closing.signal.aborted) app.log.warn({ err: error }, 'could not count files in their runs yet')
      }
      await setTimeout(RETRY_MS, undefined, { signal: closing.signal }).catch(() => {})
    }
  }
  // Only if the service listens: commands build an instance too.
  app.addHook('onListen', async () => { underWay = backfillUntilFinished() })
  app.addHook('onClose', async () => {
    closing.abort()
    await underWay
  })
}, { name: 'run-backfill', dependencies: ['database'] })
