import { isDeepStrictEqual } from 'node:util'
import { bulkhead } from 'cockatiel'
import type { ListBucket } from '../store/listing-pages.js'
import { type AskStore, StoreInquiries } from '../events/inquiries.js'
import { compareObjectKeys } from '../objects/key-order.js'
import type { DatabaseHandle } from '../db/connection/tables.js'
import type { LeaseClaim } from '../db/leases.js'
import type { OpenRange, ReconcileCounts } from '../db/reconcile/reconciliations.js'
import { compareRange } from './compare-range.js'
import { ComparedRange } from './compared-range.js'
import { noCounts } from './counts.js'
import { createPace } from './pace.js'
import { sideBySide } from './side-by-side.js'
import { findSplitPoint } from './split-point.js'

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
  /** Of a resumed run: what was left of its ranges, if it had several. */
  openRanges?: readonly OpenRange[]
  /** How many ranges of keys are compared side by side, at most; by default one. */
  parallel?: number | undefined
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

/** How far a comparison has got. */
export interface ReconcileProgress {
  /** Everything up to here is settled and counted. */
  checkpoint: string
  /** If several ranges are being compared: what is left of each, in the order of their keys. All other keys are settled. */
  openRanges: readonly OpenRange[]
  counts: ReconcileCounts
}

const INQUIRIES_MAX_CONCURRENT = 16
/** Fewer than the database has connections, so that some are left for others. */
const WRITES_MAX_CONCURRENT = 4

/**
 * Makes the catalogue agree with the bucket's listing, in constant memory and alongside live events: a difference is settled in
 * a transaction that locks the key's row, and only if the row has not changed after the bucket was listed. If that cannot be
 * told, the bucket is asked about the key.
 *
 * @returns an iterator that yields whenever more is settled, also before it throws, and ends when everything is settled
 * @throws what the listings, the database or asking the store throw; the signal's reason if it is aborted. What was yielded
 *   before stays settled
 */
export async function * reconcile (
  context: ReconcileContext, options: ReconcileOptions,
): AsyncGenerator<ReconcileProgress, undefined> {
  const { prefix, openRanges = [], parallel = 1 } = options
  const stopped = new AbortController()
  const signal = options.signal === undefined ? stopped.signal : AbortSignal.any([options.signal, stopped.signal])
  const scope = { listBucket: context.listBucket, prefix, signal }
  const pace = createPace(options.keysPerSecond)
  const comparison = {
    context,
    options,
    signal,
    inquiries: new StoreInquiries(context.askStore, INQUIRIES_MAX_CONCURRENT),
    writes: bulkhead(WRITES_MAX_CONCURRENT, Infinity),
    pace,
    counts: { ...options.counts ?? noCounts },
  }
  const open = (openRanges.length > 0 ? openRanges : [{ startAfter: options.startAfter, through: undefined }])
    .map((range) => new ComparedRange(range))
  let settledThrough = options.startAfter
  const progress = () => progressOf(open, settledThrough, comparison.counts)
  let reported = progress()
  try {
    // Files that were counted by an earlier run or an event, but could not be examined then.
    if (!options.dryRun) await context.examineUploads?.(prefix)
    for await (const ended of sideBySide(open, {
      parallel,
      compare: (range) => compareRange(comparison, range),
      findSplitPoint: (range) => findSplitPoint(scope, range, (count) => pace(count, signal)),
      stop: () => { stopped.abort() },
    })) {
      if (ended !== undefined) settledThrough = laterOf(settledThrough, ended.startAfter)
      reported = progress()
      yield reported
    }
  } catch (error) {
    if (!isSameProgress(progress(), reported)) yield progress()
    throw error
  }
}

/** Whether the same keys are settled, and the rest is divided into the same ranges. */
export function isSameProgress (one: Omit<ReconcileProgress, 'counts'>, other: Omit<ReconcileProgress, 'counts'>): boolean {
  return one.checkpoint === other.checkpoint && isDeepStrictEqual(one.openRanges, other.openRanges)
}

/** @param settledThrough the end of the ranges that are complete and no longer among these */
function progressOf (
  ranges: readonly ComparedRange[], settledThrough: string, counts: Readonly<ReconcileCounts>,
): ReconcileProgress {
  const open = ranges.filter(({ isSettled }) => !isSettled)
  const [first] = open
  const isWhole = open.length === 1 && first?.through === undefined
  return {
    checkpoint: first?.startAfter ?? ranges.reduce((through, { startAfter }) => laterOf(through, startAfter), settledThrough),
    openRanges: isWhole ? [] : open.map(({ startAfter, through }) => ({ startAfter, through })),
    counts: { ...counts },
  }
}

function laterOf (one: string, other: string): string {
  return compareObjectKeys(one, other) < 0 ? other : one
}
