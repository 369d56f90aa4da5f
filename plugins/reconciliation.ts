import { Cron } from 'croner'
import fastifyPlugin from 'fastify-plugin'
import { Counter } from 'prom-client'
import { type ReconcileRequest, type ReconcileRun, startReconciliation } from '../reconcile/run.js'
import { readLastReconciliation } from '../db/reconcile/reconciliations.js'
import { createLocalRunLocks, createServerRunLocks } from '../db/reconcile/run-lock.js'
import { type ListBucket, createBucketListing } from '../store/bucket-listing.js'
import { StoreConnection } from '../store/connection.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Lists the bucket for as long as that takes, apart from the connections of downloads. */
    listBucket: ListBucket
    reconciliation: {
      /**
       * Begins to make the catalogue agree with the bucket. Closing the instance ends what is under way; the next run goes
       * on from there.
       *
       * @returns undefined where another run is at work on any of the same keys
       */
      start: (request: ReconcileRequest) => Promise<ReconcileRun | undefined>
    }
  }
}

/** Listings of big buckets begin slowly. */
const FIRST_BYTE_TIMEOUT_MS = 60_000
/** Replicas' clocks differ: whoever comes late to the appointment finds that it was kept. */
const APPOINTMENT_MS = 30_000

/** Decorates the instance with what makes the catalogue agree with the bucket, by request and by RECONCILE_CRON. */
export default fastifyPlugin(async (app) => {
  const { S3_CONNECT_TIMEOUT, STREAM_IDLE_TIMEOUT, DATABASE_URL, RECONCILE_CRON } = app.config
  const connection = new StoreConnection(app.storeTarget, {
    connectTimeoutMs: S3_CONNECT_TIMEOUT * 1000,
    firstByteTimeoutMs: FIRST_BYTE_TIMEOUT_MS,
    idleTimeoutMs: STREAM_IDLE_TIMEOUT * 1000,
  }, app.observeStore)
  const listBucket = createBucketListing(connection)
  const takeLock = DATABASE_URL === undefined ? createLocalRunLocks() : createServerRunLocks(DATABASE_URL)
  const context = {
    database: app.database, listBucket, askStore: app.bucketEvents.ask, clockSkewMs: app.bucketEvents.clockSkewMs,
  }
  const closing = new AbortController()
  const underWay = new Set<Promise<unknown>>()
  const runs = new Counter({
    name: 'objects_storage_reconcile_runs_total',
    help: 'Runs that compared the catalogue with the bucket, by how they ended.',
    labelNames: ['status'],
    registers: [app.metrics],
  })
  const drift = new Counter({
    name: 'objects_storage_reconcile_drift_total',
    help: 'Keys that were not counted as the bucket has them, by what settled them; unsettled ones are so still.',
    labelNames: ['kind'],
    registers: [app.metrics],
  })

  const start = async (request: ReconcileRequest) => {
    const { signal = closing.signal } = request
    const run = await startReconciliation(context, takeLock, { ...request, signal: AbortSignal.any([signal, closing.signal]) })
    if (run === undefined) return undefined
    const ended = run.done.then((counts) => {
      runs.inc({ status: 'complete' })
      drift.inc({ kind: 'added' }, counts.addedCount)
      drift.inc({ kind: 'removed' }, counts.removedCount)
      drift.inc({ kind: 'corrected' }, counts.correctedCount)
      drift.inc({ kind: 'unsettled' }, counts.unsettledCount)
      app.log.info({ ...counts, foreignBytes: String(counts.foreignBytes) }, 'compared the catalogue with the bucket')
    }, (error: unknown) => {
      runs.inc({ status: signal.aborted || closing.signal.aborted ? 'interrupted' : 'failed' })
      if (!signal.aborted && !closing.signal.aborted) app.log.warn({ err: error }, 'could not compare the catalogue with the bucket')
    }).finally(() => underWay.delete(ended))
    underWay.add(ended)
    return run
  }
  app.decorate('listBucket', listBucket)
  app.decorate('reconciliation', { start })

  let schedule: Cron | undefined
  if (RECONCILE_CRON !== undefined) {
    const keepAppointment = async () => {
      const last = await readLastReconciliation(app.database, '')
      const wasKept = last?.status === 'complete' && Date.now() - last.startedAt.getTime() < APPOINTMENT_MS
      if (!wasKept) await (await start({ prefix: '' }))?.done
    }
    // Only of a service that listens: commands build an instance, too.
    app.addHook('onListen', async () => {
      schedule = new Cron(RECONCILE_CRON, {
        protect: true,
        catch: (error) => { app.log.warn({ err: error }, 'the scheduled comparison did not come to its end') },
      }, keepAppointment)
    })
  }
  app.addHook('onClose', async () => {
    schedule?.stop()
    closing.abort()
    await Promise.all(underWay)
    await connection.close()
  })
}, { name: 'reconciliation', dependencies: ['config', 'store-target', 'database', 'bucket-events', 'metrics', 'store-metrics'] })
