import type { IPolicy } from 'cockatiel'
import { type MergeStep, mergeListings } from './merge-listings.js'
import { parseObjectKey } from '../objects/object-key.js'
import type { StoreInquiries } from '../events/inquiries.js'
import { applyObservations } from './apply-observations.js'
import type { ObservationOutcome, ObservedKey } from './decision.js'
import { listCatalogue } from '../db/reconcile/catalogue-listing.js'
import type { ReconcileCounts } from '../db/reconcile/reconciliations.js'
import type { ComparedRange } from './compared-range.js'
import { addCounts, noCounts } from './counts.js'
import type { createPace } from './pace.js'
import { listRange } from './range-listing.js'
import type { ReconcileContext, ReconcileOptions } from './reconcile.js'

/** What the ranges of a comparison share. */
export interface SharedComparison {
  context: ReconcileContext
  options: ReconcileOptions
  signal: AbortSignal
  inquiries: StoreInquiries
  /** Limits how many ranges write at once. */
  writes: Pick<IPolicy, 'execute'>
  pace: ReturnType<typeof createPace>
  /** What is settled in all ranges; each range adds to it. */
  counts: ReconcileCounts
}

const BATCH_MAX_KEYS = 1_000
/** If differences are few, the most objects between two checkpoints. */
const CHECKPOINT_MAX_OBJECTS = 20_000
/** How many times a key is asked about if its row keeps changing meanwhile. */
const ROUNDS_MAX = 4

/** Differences to be settled in one transaction, and what else was counted up to where they end. */
interface Batch {
  observedKeys: ObservedKey[]
  through: string
  counts: ReconcileCounts
}

/**
 * Compares and settles a range. While one batch is being written, the next one is being compared.
 *
 * @returns an iterator that yields after each step; when it ends, and when it throws, nothing is being written any more
 */
export async function * compareRange (
  comparison: SharedComparison, range: ComparedRange,
): AsyncGenerator<undefined, undefined> {
  const { context, options, signal } = comparison
  const { prefix } = options
  const settle = async (batch: Batch, isEnd = false) => {
    if (batch.observedKeys.length > 0 && await write(comparison, batch)) await context.examineUploads?.(prefix)
    addCounts(comparison.counts, batch.counts)
    range.startAfter = batch.through
    range.isSettled = isEnd
  }
  const { startAfter } = range
  let batch = emptyBatch(startAfter)
  let settling = Promise.resolve()
  try {
    const bucketPages = listRange({ listBucket: context.listBucket, prefix, signal }, range)
    const cataloguePages = listCatalogue(context.database, { prefix, startAfter }, context.clockSkewMs)
    for await (const step of mergeListings(bucketPages, cataloguePages)) {
      signal.throwIfAborted()
      collect(batch, step, options)
      if (batch.observedKeys.length >= BATCH_MAX_KEYS || batch.counts.listedCount >= CHECKPOINT_MAX_OBJECTS) {
        await settling
        settling = settle(batch)
        // It may fail before anyone awaits it.
        settling.catch(() => {})
        batch = emptyBatch(batch.through)
      }
      yield
      await comparison.pace(step.listedCount, signal)
    }
    await settling
    await settle(batch, true)
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
async function write ({ context, inquiries, writes }: SharedComparison, batch: Batch): Promise<boolean> {
  let pending = batch.observedKeys
  let hasSizeMismatch = false
  for (let round = 0; pending.length > 0; round++) {
    const observed = pending
    const applied = await writes.execute(() => applyObservations(context.database, observed, context.clockSkewMs, context))
    const asked: Array<Promise<ObservedKey>> = []
    for (const [index, { outcome, isSizeMismatch }] of applied.entries()) {
      const key = observed[index]
      hasSizeMismatch ||= isSizeMismatch
      if (typeof outcome === 'string') count(batch.counts, outcome)
      // The store sends an event for each of those changes, too.
      else if (round === ROUNDS_MAX) batch.counts.leftCount++
      else if (key !== undefined) asked.push(ask(inquiries, key, outcome.ask))
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
