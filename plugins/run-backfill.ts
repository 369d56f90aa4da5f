import { setTimeout } from 'node:timers/promises'
import fastifyPlugin from 'fastify-plugin'
import { connectPostgres } from '../db/connection/pool.js'
import { backfillRuns, finishBackfill, readBackfillProgress } from '../db/runs/backfill.js'
import { makeObjectIndexes } from '../db/runs/indexes.js'
import { type Lease, takeLease } from '../db/leases.js'
import { NotReadyError } from '../schemas/errors.js'

declare module 'fastify' {
  interface FastifyInstance {
    runs: {
      /** Whether all files are counted in their runs, and the indexes are there that lists of them need. */
      areCounted: () => Promise<boolean>
      /** @throws {NotReadyError} where they are not */
      requireCounted: () => Promise<void>
    }
  }
}

const LEASE_NAME = 'run-backfill'
const RETRY_MS = 5_000
const PROGRESS_MS = 10_000
/** As long as a batch took, so that the database has half its time for others; but no longer. */
const PAUSE_MAX_MS = 1_000

/**
 * Counts the files that were there before runs were counted, while the service listens, and decorates the instance with whether
 * that is done. One replica does it at a time; another one goes on where it ended.
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
    const { DATABASE_URL } = app.config
    // An index of a big table takes longer than any other statement may.
    const unbounded = DATABASE_URL === undefined
      ? app.database
      : connectPostgres(DATABASE_URL, () => {}, { statementTimeoutMs: 0, answerTimeoutMs: 0 })
    try {
      return await makeObjectIndexes(unbounded, { cancelling: app.database, signal })
    } finally {
      if (unbounded !== app.database) await unbounded.destroy()
    }
  }
  const backfill = async (lease: Lease) => {
    try {
      const signal = AbortSignal.any([closing.signal, lease.lost])
      app.log.info('counting the files that are there in their runs: lists of them answer NOT_READY until it is done')
      await countFiles(signal)
      const indexes = await makeIndexes(signal)
      await finishBackfill(app.database)
      app.log.info({ ...await readBackfillProgress(app.database), indexes }, 'counted all files in their runs')
    } finally {
      await lease.release()
    }
  }
  const backfillOnce = async () => {
    if (!app.isDatabaseMigrated()) return false
    if (await areCounted()) return true
    const lease = await takeLease(app.database, LEASE_NAME)
    if (lease !== undefined) await backfill(lease)
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
  // Only of a service that listens: commands build an instance, too.
  app.addHook('onListen', async () => { underWay = backfillUntilFinished() })
  app.addHook('onClose', async () => {
    closing.abort()
    await underWay
  })
}, { name: 'run-backfill', dependencies: ['database'] })
