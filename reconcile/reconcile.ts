import type { ListBucket } from '../store/listing-pages.js'
import { type MergeStep, mergeListings } from './merge-listings.js'
import { parseObjectKey } from '../objects/object-key.js'
import { type AskStore, StoreInquiries } from '../events/inquiries.js'
import { applyObservations } from './apply-observations.js'
import type { ObservationOutcome, ObservedKey } from './decision.js'
import { listCatalogue } from '../db/reconcile/catalogue-listing.js'
import type { DatabaseHandle } from '../db/connection/tables.js'
import type { LeaseClaim } from '../db/leases.js'
import type { ReconcileCounts } from '../db/reconcile/reconciliations.js'
import { createPace } from './pace.js'

/** What a comparison needs. */
export interface ReconcileContext {
  database: DatabaseHandle
  listBucket: ListBucket
  askStore: AskStore
  /** How far the clocks of the store's nodes may differ from each other and from the database's. */
  clockSkewMs: number
  /** The database's clock; defaults to this machine's. */
  now?: () => Date
  /** The lease without which nothing is written; undefined for a dry run. */
  lease?: LeaseClaim | undefined
  /** Examines counted files with a prefix that are bigger than their uploads allowed. */
  examineUploads?: (prefix: string) => Promise<void>
}

export interface ReconcileOptions {
  /** Of the keys to compare; empty for all. */
  prefix: string
  /** The key to continue after; empty for the beginning. */
  startAfter: string
  /** Counts the differences without settling them. */
  dryRun: boolean
  /** The most objects to look at per second. */
  keysPerSecond?: number | undefined
  /** Of a resumed run: what was counted up to `startAfter`. */
  counts?: ReconcileCounts
  /** Called for objects whose keys do not have this service's form. */
  onForeign?: (object: { objectKey: string, sizeBytes: number }) => void
  signal?: AbortSignal
}

/** How far a comparison has got: everything up to the checkpoint is settled and counted. */
export interface ReconcileProgress {
  checkpoint: string
  counts: ReconcileCounts
}

export const noCounts: Readonly<ReconcileCounts> = {
  listedCount: 0,
  addedCount: 0,
  removedCount: 0,
  correctedCount: 0,
  leftCount: 0,
  unsettledCount: 0,
  foreignCount: 0,
  foreignBytes: 0n,
}

const BATCH_MAX_KEYS = 1_000
/** If differences are few, the most objects between two checkpoints. */
const CHECKPOINT_MAX_OBJECTS = 20_000
const INQUIRIES_MAX_CONCURRENT = 16
/** How many times a key is asked about if its row keeps changing meanwhile. */
const ROUNDS_MAX = 4

/** Differences to be settled in one transaction, and what else was counted up to where they end. */
interface Batch {
  observedKeys: ObservedKey[]
  through: string
  counts: ReconcileCounts
}

/**
 * Makes the catalogue agree with the bucket's listing, in constant memory and alongside live events: a difference is settled in
 * a transaction that locks the key's row, and only if the row has not changed after the bucket was listed. If that cannot be
 * told, the bucket is asked about the key.
 *
 * While one batch is being written, the next one is being compared.
 *
 * @returns an iterator that yields whenever something more is settled, also before it throws, and ends when everything is
 * @throws what the listings, the database or asking the store throw; the signal's reason if it is aborted. What was yielded
 *   before is kept
 */
export async function * reconcile (
  context: ReconcileContext, options: ReconcileOptions,
): AsyncGenerator<ReconcileProgress, undefined> {
  const { database, listBucket, examineUploads = async () => {} } = context
  const { prefix, startAfter, signal } = options
  const inquiries = new StoreInquiries(context.askStore, INQUIRIES_MAX_CONCURRENT)
  const pace = createPace(options.keysPerSecond)
  const progress = { checkpoint: startAfter, counts: { ...options.counts ?? noCounts } }
  const settle = async (batch: Batch) => {
    if (batch.observedKeys.length > 0 && await write(context, inquiries, batch)) await examineUploads(prefix)
    addCounts(progress.counts, batch.counts)
    progress.checkpoint = batch.through
  }

  let reported = startAfter
  const report = (): ReconcileProgress => {
    reported = progress.checkpoint
    return { checkpoint: reported, counts: { ...progress.counts } }
  }

  let batch = emptyBatch(startAfter)
  let settling = Promise.resolve()
  try {
    // Files that an earlier run, or a sender of events, counted but had no chance to have examined.
    if (!options.dryRun) await examineUploads(prefix)
    const range = { prefix, startAfter, ...signal === undefined ? {} : { signal } }
    for await (const step of mergeListings(listBucket(range), listCatalogue(database, range, context.clockSkewMs))) {
      signal?.throwIfAborted()
      collect(batch, step, options)
      if (batch.observedKeys.length >= BATCH_MAX_KEYS || batch.counts.listedCount >= CHECKPOINT_MAX_OBJECTS) {
        await settling
        settling = settle(batch)
        // It may fail before anyone awaits it.
        settling.catch(() => {})
        batch = emptyBatch(batch.through)
      }
      yield report()
      await pace(step.listedCount, signal)
    }
    await settling
    await settle(batch)
    yield report()
  } catch (error) {
    await settling.catch(() => {})
    if (progress.checkpoint !== reported) yield report()
    throw error
  } finally {
    await settling.catch(() => {})
  }
}

function emptyBatch (through: string): Batch {
  return { observedKeys: [], through, counts: { ...noCounts } }
}

function collect (batch: Batch, step: MergeStep, { dryRun, onForeign }: ReconcileOptions): void {
  const { counts } = batch
  counts.listedCount += step.listedCount
  const found: ObservedKey[] = []
  for (const listed of step.missing) {
    const parts = parseObjectKey(listed.objectKey)
    if (parts === undefined) {
      counts.foreignCount++
      counts.foreignBytes += BigInt(listed.sizeBytes)
      onForeign?.(listed)
    } else if (dryRun) {
      counts.addedCount++
    } else {
      found.push({ objectKey: listed.objectKey, parts, observation: { change: { kind: 'created', ...listed }, observedAt: step.observedAt } })
    }
  }
  if (dryRun) {
    counts.removedCount += step.gone.length
    counts.correctedCount += step.differing.length
  } else {
    const { observedAt } = step
    found.push(...step.gone.flatMap(({ objectKey }) => observe(objectKey, { change: { kind: 'removed' }, observedAt })))
    found.push(...step.differing.flatMap(({ listed }) =>
      observe(listed.objectKey, { change: { kind: 'created', ...listed }, observedAt })))
    found.push(...step.ahead.flatMap(({ objectKey, listed }) =>
      observe(objectKey, { change: listed === undefined ? { kind: 'removed' } : { kind: 'created', ...listed }, observedAt })))
  }
  batch.observedKeys.push(...found)
  batch.through = step.through ?? batch.through
}

function observe (objectKey: string, observation: ObservedKey['observation']): ObservedKey[] {
  const parts = parseObjectKey(objectKey)
  // Every row's key is well-formed: changing the form of keys requires moving the rows.
  return parts === undefined ? [] : [{ objectKey, parts, observation, isLikelyKnown: true }]
}

/** @returns whether a file was counted that differs in size from what was reserved for its upload */
async function write (context: ReconcileContext, inquiries: StoreInquiries, batch: Batch): Promise<boolean> {
  let pending = batch.observedKeys
  let hasSizeMismatch = false
  for (let round = 0; pending.length > 0; round++) {
    const applied = await applyObservations(context.database, pending, context.clockSkewMs, context)
    const asked: Array<Promise<ObservedKey>> = []
    for (const [index, { outcome, isSizeMismatch }] of applied.entries()) {
      const observed = pending[index]
      hasSizeMismatch ||= isSizeMismatch
      if (typeof outcome === 'string') count(batch.counts, outcome)
      // The store reports each of those changes too.
      else if (round === ROUNDS_MAX) batch.counts.leftCount++
      else if (observed !== undefined) asked.push(ask(inquiries, observed, outcome.ask))
    }
    pending = await Promise.all(asked)
  }
  return hasSizeMismatch
}

async function ask (inquiries: StoreInquiries, observed: ObservedKey, rowRevision: string): Promise<ObservedKey> {
  const { observation, revision } = await inquiries.inquire(observed.objectKey, rowRevision)
  return { ...observed, observation, revision }
}

function count (counts: ReconcileCounts, outcome: Exclude<ObservationOutcome | 'refused', object>): void {
  switch (outcome) {
    case 'added': counts.addedCount++; break
    case 'removed': counts.removedCount++; break
    case 'corrected': counts.correctedCount++; break
    case 'refused': counts.unsettledCount++; break
    case 'unchanged': break
  }
}

function addCounts (counts: ReconcileCounts, more: ReconcileCounts): void {
  counts.listedCount += more.listedCount
  counts.addedCount += more.addedCount
  counts.removedCount += more.removedCount
  counts.correctedCount += more.correctedCount
  counts.leftCount += more.leftCount
  counts.unsettledCount += more.unsettledCount
  counts.foreignCount += more.foreignCount
  counts.foreignBytes += more.foreignBytes
}
