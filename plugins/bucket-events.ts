import fastifyPlugin from 'fastify-plugin'
import { Counter, Gauge, Histogram } from 'prom-client'
import type { RepeatCause } from '../db/events/apply.js'
import { applyRecords } from '../db/events/apply-records.js'
import { isCatalogued } from '../db/usage/catalogue-size.js'
import type { EventChannel } from '../events/channel.js'
import { type ReadBucketNotification, UnknownNotificationError, createNotificationReader } from '../events/notification.js'
import { EventIntake } from '../events/intake.js'
import type { Observation } from '../events/order.js'
import { parseObjectKey } from '../objects/object-key.js'
import { redactObjectKey } from '../objects/redacted-key.js'
import type { PendingRecord, SetAsideRecord } from '../events/pending-record.js'
import type { AskStore } from '../events/inquiries.js'
import type { BucketEvents } from '../schemas/bucket-events.js'
import { seenAt } from '../store/seen-at.js'
import { isAmazonEndpoint } from '../store/vendor.js'
import { createUploadExaminer } from '../uploads/examine-uploads.js'

declare module 'fastify' {
  interface FastifyInstance {
    bucketEvents: {
      /**
       * Takes in one bucket notification: its body, parsed from JSON. Resolves once all its records are committed, and files
       * that their uploads were not allowed to put are removed.
       *
       * @throws {UnknownNotificationError} if its form is unknown; nothing of it is kept
       * @throws if the database does not answer or, for records that cannot be ordered, the store; all other records are
       *   committed, and the notification should be sent again
       */
      receive: (body: unknown, channel: EventChannel) => Promise<BucketEvents>
      /** Keeps records that cannot be counted, with the reason. Throws if the database does not answer. */
      setAside: (records: readonly SetAsideRecord[]) => Promise<void>
      /** Only reads the body of a notification. */
      read: ReadBucketNotification
      /**
       * Asks the store for a key's current state, and counts that; nothing is written for a key that was neither counted nor
       * stored. Throws as `receive` does.
       */
      recount: (objectKey: string, options: { wasStored: boolean }) => Promise<void>
      /** Asks the store for a key's current state; the clocks of its nodes may be `clockSkewMs` apart. */
      ask: AskStore
      clockSkewMs: number
      /**
       * Removes counted files with a prefix that are bigger than their uploads allowed, as long as the upload's URL can be
       * used. Throws as `receive` does.
       */
      examineUploads: (prefix: string) => Promise<void>
      /** For how long a removed key is remembered: an older event about it could not be recognised as late. */
      tombstoneRetentionMs: number
      /** Resolves once whatever was being received at the call has been committed or has failed. */
      settled: () => Promise<void>
    }
  }
}

const TOMBSTONE_RETENTION_MS = 30 * 24 * 60 * 60 * 1000
/** How many records without a usable key are kept per notification; any others are only counted. */
const SET_ASIDE_MAX_OF_NOTIFICATION = 100
const SERVICE_EVENT_SOURCE = 'objects-storage:service'
// From one second, to which some stores truncate times, to a backlog of hours.
const LATENESS_BUCKETS_SECONDS = [1, 2, 5, 15, 60, 300, 1_800, 7_200, 86_400]

/** Decorates the instance with the one way in which changes of the bucket reach the catalogue. */
export default fastifyPlugin(async (app) => {
  const { S3_VENDOR, STORE_CLOCK_SKEW } = app.config
  const clockSkewMs = STORE_CLOCK_SKEW * 1000
  const { bucket, endpoint, keyPrefix = '' } = app.storeTarget
  const isAmazonS3 = S3_VENDOR === 'amazon' || (S3_VENDOR === 'auto' && isAmazonEndpoint(endpoint))
  const bounds = { clockSkewMs, tombstoneRetentionMs: TOMBSTONE_RETENTION_MS, isAmazonS3 }
  const readNotification = createNotificationReader({ bucket, isAmazonS3, keyPrefix })
  const repeats = new Counter({
    name: 'objects_storage_event_batch_repeats_total',
    help: 'Batches of events that were applied again: PostgreSQL had rolled them back, or rows had changed meanwhile.',
    labelNames: ['cause'],
    registers: [app.metrics],
  })
  const trimmed = new Counter({
    name: 'objects_storage_event_records_trimmed_total',
    help: 'Set-aside records that were deleted, the oldest first, to make room for newer ones.',
    registers: [app.metrics],
  })
  const onTrimmed = (count: number) => { trimmed.inc(count) }
  const askStore = async (objectKey: string): Promise<Observation> => {
    const askedAt = app.databaseClock.now()
    const { stored, observedAt } = await app.objectStorage.observeCounted(objectKey)
    if (stored?.isReadable === false) {
      unreadableFiles.inc()
      app.log.warn({ object: redactObjectKey(objectKey) }, 'the service\'s credentials may not read a file: it is counted as the bucket lists it')
    }
    const change = stored === undefined
      ? { kind: 'removed' } as const
      : { kind: 'created', sizeBytes: stored.sizeBytes, entityTag: stored.entityTag.replaceAll('"', '') } as const
    return { change, observedAt: seenAt(observedAt, askedAt, clockSkewMs) }
  }
  const overwrites = new Counter({
    name: 'objects_storage_uploads_overwritten_total',
    help: 'Files that an upload overwrote: its URL was used again, with different content.',
    registers: [app.metrics],
  })
  const options = {
    onOverwritten: (objectKey: string) => {
      overwrites.inc()
      app.log.warn({ object: redactObjectKey(objectKey) }, 'an upload was overwritten: its URL was used again')
    },
    onRepeat: (cause: RepeatCause) => { repeats.inc({ cause }) },
    onTrimmed,
    now: () => app.databaseClock.now(),
  }
  const intake = new EventIntake(async (records) => await applyRecords(app.database, records, bounds, options), askStore)

  const counts = new Counter({
    name: 'objects_storage_event_records_total',
    help: 'Records of bucket notifications, by what became of them.',
    labelNames: ['outcome'],
    registers: [app.metrics],
  })
  const lateness = new Histogram({
    name: 'objects_storage_event_lateness_seconds',
    help: 'Time from when the bucket\'s events say they happened until they were committed, by channel.',
    labelNames: ['channel'],
    buckets: LATENESS_BUCKETS_SECONDS,
    registers: [app.metrics],
  })
  const unknownCount = new Counter({
    name: 'objects_storage_event_bodies_refused_total',
    help: 'Bodies sent as bucket notifications whose form is unknown.',
    registers: [app.metrics],
  })
  const queued = new Gauge({
    name: 'objects_storage_event_records_queued',
    help: 'Records waiting for the next batch.',
    registers: [app.metrics],
    collect: () => { queued.set(intake.queuedCount) },
  })

  const removedUploads = new Counter({
    name: 'objects_storage_uploads_removed_total',
    help: 'Files removed because they were bigger than their upload allowed, or had another type.',
    labelNames: ['reason'],
    registers: [app.metrics],
  })
  const keptCopies = new Counter({
    name: 'objects_storage_uploads_copied_total',
    help: 'Copies of an allowed size and type that were reported where an upload was expected: set aside, not removed.',
    registers: [app.metrics],
  })

  const unreadableFiles = new Counter({
    name: 'objects_storage_unreadable_files_total',
    help: 'Times that the storage refused to describe a file to this service, which then counted it as the bucket lists it.',
    registers: [app.metrics],
  })

  const underWay = new Set<Promise<unknown>>()
  const track = async <Result>(work: Promise<Result>) => {
    const ended = work.catch(() => {}).finally(() => underWay.delete(ended))
    underWay.add(ended)
    return await work
  }
  const recount = async (objectKey: string) => {
    const parts = parseObjectKey(objectKey)
    if (parts === undefined) return
    const event = {
      objectKey,
      parts,
      change: { kind: 'unclear' } as const,
      eventSource: SERVICE_EVENT_SOURCE,
      // Without a time, the bucket is asked whatever is known of the key, and whatever this machine's clock says.
      eventTime: undefined,
      sequencer: undefined,
      versionId: undefined,
    }
    await intake.take([{ event, record: null }])
  }
  const { examineReported, examineOversized } = createUploadExaminer({
    database: app.database,
    storage: app.objectStorage,
    recount,
    onRemoved: (objectKey, reason) => {
      app.existence.forget(objectKey)
      removedUploads.inc({ reason })
      app.log.warn({ object: redactObjectKey(objectKey), reason }, 'removed a file that its upload did not allow')
    },
    onCopyKept: (objectKey) => {
      keptCopies.inc()
      app.log.warn({ object: redactObjectKey(objectKey) }, 'a file was copied to where an upload was expected')
    },
    onTrimmed,
    onRefused: (objectKey, error) => {
      app.log.error({ err: error, object: redactObjectKey(objectKey) }, 'cannot remove a file that its upload did not allow')
    },
  })
  const take = async (records: PendingRecord[]) => {
    const { suspects, ...counts } = await intake.take(records)
    await examineReported(suspects)
    return counts
  }

  app.decorate('bucketEvents', {
    receive: async (body, channel) => {
      const notification = readNotification(body)
      if (notification === undefined) {
        unknownCount.inc()
        throw new UnknownNotificationError('The body is not a bucket notification of any known form.')
      }
      const { events, rejected, ignoredCount, foreignCount } = notification
      const kept = rejected.slice(0, SET_ASIDE_MAX_OF_NOTIFICATION)
      const discardedCount = rejected.length - kept.length
      const { appliedCount, lateCount, setAsideCount } = await track(take([...events, ...kept]))
      const committedAtMs = app.databaseClock.now().getTime()
      for (const { event: { eventTime } } of events) {
        if (eventTime !== undefined) lateness.observe({ channel }, Math.max(0, committedAtMs - eventTime.getTime()) / 1000)
      }
      counts.inc({ outcome: 'applied' }, appliedCount)
      counts.inc({ outcome: 'late' }, lateCount)
      counts.inc({ outcome: 'set_aside' }, setAsideCount)
      counts.inc({ outcome: 'discarded' }, discardedCount)
      counts.inc({ outcome: 'ignored' }, ignoredCount)
      counts.inc({ outcome: 'foreign' }, foreignCount)
      return {
        applied: appliedCount + lateCount,
        setAside: setAsideCount + discardedCount,
        ignored: ignoredCount + foreignCount,
      }
    },
    setAside: async (records) => {
      const { setAsideCount } = await track(intake.take(records))
      counts.inc({ outcome: 'set_aside' }, setAsideCount)
    },
    read: readNotification,
    recount: async (objectKey, { wasStored }) => {
      if (wasStored || await isCatalogued(app.database, objectKey)) await track(recount(objectKey))
    },
    examineUploads: async (prefix) => { await track(examineOversized(prefix)) },
    ask: askStore,
    clockSkewMs,
    tombstoneRetentionMs: TOMBSTONE_RETENTION_MS,
    settled: async () => { await Promise.all(underWay) },
  })

  app.addHook('onClose', async () => { await Promise.all(underWay) })
}, { name: 'bucket-events', dependencies: ['config', 'store-target', 'object-storage', 'database', 'metrics'] })
