import { Cron } from 'croner'
import fastifyPlugin from 'fastify-plugin'
import { Counter } from 'prom-client'
import { type ReconcileRequest, type ReconcileRun, startReconciliation } from '../reconcile/run.js'
import { wasReconciledWithin } from '../db/reconcile/reconciliations.js'
import { OverloadedError } from '../schemas/errors.js'
import { createBucketListing, createPrefixListing } from '../store/bucket-listing.js'
import { StoreConnection } from '../store/connection.js'
import type { ListBucket } from '../store/listing-pages.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Lists the bucket, however long that takes, over connections separate from those of downloads. */
    listBucket: ListBucket
    reconciliation: {
      /**
       * Begins to make the catalogue agree with the bucket. Closing the instance ends the current run; the next run continues
       * from there.
       *
       * @returns undefined if another run is working on any of the same keys
       * @throws {OverloadedError} if this process already has as many runs as it may
       */
      start: (request: ReconcileRequest) => Promise<ReconcileRun | undefined>
    }
  }
}

/** Listings of big buckets are slow to begin. */
const FIRST_BYTE_TIMEOUT_MS = 60_000
/** The most runs in this process: each lists part of the bucket, and holds a page of it in memory. */
const RUNS_MAX = 4
/** Replicas' clocks differ: a replica that comes late finds that the scheduled run has been done. */
const APPOINTMENT_MS = 30_000

/** Decorates the instance with what makes the catalogue agree with the bucket, on request and by RECONCILE_CRON. */
export default fastifyPlugin(async (app) => {
  const { S3_CONNECT_TIMEOUT, STREAM_IDLE_TIMEOUT, RECONCILE_CRON, RECONCILE_PARALLEL } = app.config
  const connection = new StoreConnection(app.storeTarget, {
    connectTimeoutMs: S3_CONNECT_TIMEOUT * 1000,
    firstByteTimeoutMs: FIRST_BYTE_TIMEOUT_MS,
    idleTimeoutMs: STREAM_IDLE_TIMEOUT * 1000,
  }, app.observeStore, app.storeTransport)
  const timeKeeping = { now: () => app.databaseClock.now(), clockSkewMs: app.bucketEvents.clockSkewMs }
  const listBucket = createBucketListing(connection, timeKeeping)
  const { ask: askStore, examineUploads } = app.bucketEvents
  const listPrefixes = createPrefixListing(connection)
  const context = { database: app.database, listBucket, listPrefixes, askStore, examineUploads, ...timeKeeping }
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
    help: 'Keys that were not counted as the bucket has them, by how they were settled; unsettled ones remain.',
    labelNames: ['kind'],
    registers: [app.metrics],
  })

  const disordered = new Counter({
    name: 'objects_storage_reconcile_disordered_total',
    help: 'Organisations that a comparison of all left out, because the object storage does not list their keys in order.',
    registers: [app.metrics],
  })

  /** One for each run, from before it begins: its prefix, or a symbol for a dry run. */
  const places = new Set<string | symbol>()
  const start = async (request: ReconcileRequest) => {
    const place = request.dryRun === true ? Symbol('dry run') : request.prefix
    if (places.has(place)) return undefined
    if (places.size >= RUNS_MAX) throw new OverloadedError()
    places.add(place)
    let run: ReconcileRun | undefined
    try {
      run = await begin(request, () => places.delete(place))
    } finally {
      if (run === undefined) places.delete(place)
    }
    return run
  }
  const begin = async (request: ReconcileRequest, leavePlace: () => void) => {
    const { signal = closing.signal, parallel = RECONCILE_PARALLEL } = request
    const run = await startReconciliation(context, { ...request, parallel, signal: AbortSignal.any([signal, closing.signal]) })
    if (run === undefined) return undefined
    const ended = run.done.then((counts) => {
      runs.inc({ status: 'complete' })
      drift.inc({ kind: 'added' }, counts.addedCount)
      drift.inc({ kind: 'removed' }, counts.removedCount)
      drift.inc({ kind: 'corrected' }, counts.correctedCount)
      drift.inc({ kind: 'unsettled' }, counts.unsettledCount)
      disordered.inc(counts.disorderedOrgKeys.length)
      if (counts.disorderedOrgKeys.length > 0) {
        app.log.warn({ reason: 'listing_disordered', orgKeys: counts.disorderedOrgKeys },
          'left organisations out whose keys the object storage does not list in order: have its operator check the bucket\'s index')
      }
      app.log.info({ ...counts, foreignBytes: String(counts.foreignBytes) }, 'compared the catalogue with the bucket')
    }, (error: unknown) => {
      runs.inc({ status: signal.aborted || closing.signal.aborted ? 'interrupted' : 'failed' })
      if (!signal.aborted && !closing.signal.aborted) app.log.warn({ err: error }, 'could not compare the catalogue with the bucket')
    }).finally(() => {
      leavePlace()
      underWay.delete(ended)
    })
    underWay.add(ended)
    return run
  }
  app.decorate('listBucket', listBucket)
  app.decorate('reconciliation', { start })

  // Only if the service listens: commands build an instance too.
  app.addHook('onListen', async () => {
    if (!app.isCatalogueNew()) return
    await start({ prefix: '' }).catch((error: unknown) => {
      app.log.warn({ err: error }, 'could not begin to count the bucket again: a reconcile is needed')
    })
  })
  let schedule: Cron | undefined
  if (RECONCILE_CRON !== undefined) {
    const keepAppointment = async () => {
      if (!await wasReconciledWithin(app.database, '', APPOINTMENT_MS)) await (await start({ prefix: '' }))?.done
    }
    app.addHook('onListen', async () => {
      schedule = new Cron(RECONCILE_CRON, {
        protect: true,
        catch: (error) => { app.log.warn({ err: error }, 'the scheduled comparison did not finish') },
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
