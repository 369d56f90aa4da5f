import { setTimeout } from 'node:timers/promises'
import fastifyPlugin from 'fastify-plugin'
import { Counter } from 'prom-client'
import { type LeaseClaim, underLease } from '../db/leases.js'
import { redactObjectKey } from '../objects/redacted-key.js'
import { abortAbandonedUploads } from '../uploads/abandoned-uploads.js'
import { lookAtUnfinishedUploads } from '../uploads/unfinished-uploads.js'

const LEASE_NAME = 'abandoned-uploads'
const INTERVAL_MS = 60_000
/** How many uploads that could not be aborted a log line names at most. */
const FAILURES_NAMED = 10
const LOOK_TIMES = { everyMs: 60 * 60_000, pauseFactor: 20 }

/**
 * Aborts uploads in parts that their senders abandoned, in one replica at a time; uploads that the service did not record are
 * left alone. Looks at all unfinished uploads once an hour or less often, so that usage can say how many bytes they hold.
 */
export default fastifyPlugin(async (app) => {
  const closing = new AbortController()
  let underWay: Promise<void> | undefined
  const aborted = new Counter({
    name: 'objects_storage_uploads_abandoned_total',
    help: 'Uploads in parts that were aborted because their senders abandoned them.',
    registers: [app.metrics],
  })
  const failed = new Counter({
    name: 'objects_storage_uploads_abort_failures_total',
    help: 'Attempts to abort abandoned uploads in parts that the object storage refused or left unanswered.',
    registers: [app.metrics],
  })
  const sweep = async () => {
    if (!app.isDatabaseMigrated()) return
    await underLease(app.database, LEASE_NAME, async (lease) => {
      const signal = AbortSignal.any([closing.signal, lease.lost])
      // If one fails, the other is still done.
      await logFailure('could not abort abandoned uploads', () => abortAbandoned(signal))
      await logFailure('could not look at unfinished uploads', () => look(lease, signal))
    })
  }
  const abortAbandoned = async (signal: AbortSignal) => {
    let failure: { count: number, objectKeys: string[], err: Error } | undefined
    try {
      const count = await abortAbandonedUploads(app.database, app.objectStorage.multipart, {
        signal,
        onAborted: () => { aborted.inc() },
        onFailed: (objectKey, err) => {
          failed.inc()
          const { count, objectKeys } = failure ?? { count: 0, objectKeys: [] }
          failure = { count: count + 1, objectKeys: [...objectKeys, redactObjectKey(objectKey)].slice(0, FAILURES_NAMED), err }
        },
      })
      if (count > 0) app.log.info({ count }, 'aborted abandoned uploads')
    } finally {
      if (failure !== undefined) app.log.warn(failure, 'the object storage did not abort abandoned uploads')
    }
  }
  const look = async (lease: LeaseClaim, signal: AbortSignal) => {
    const { multipart } = app.objectStorage
    const total = await lookAtUnfinishedUploads({ database: app.database, lease, multipart }, LOOK_TIMES, signal)
    if (total !== undefined) app.log.info({ ...total, partBytes: String(total.partBytes) }, 'looked at unfinished uploads')
  }
  const logFailure = async (message: string, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      if (!closing.signal.aborted) app.log.warn({ err: error }, message)
    }
  }
  const sweepForever = async () => {
    while (!closing.signal.aborted) {
      await logFailure('could not take care of unfinished uploads', sweep)
      await setTimeout(INTERVAL_MS, undefined, { signal: closing.signal }).catch(() => {})
    }
  }
  // Only if the service listens: commands build an instance too.
  app.addHook('onListen', async () => { underWay = sweepForever() })
  app.addHook('onClose', async () => {
    closing.abort()
    await underWay
  })
}, { name: 'abandoned-uploads', dependencies: ['database', 'object-storage', 'metrics'] })
