import type { ListBucket } from '../store/listing-pages.js'
import { DisorderedListingError } from '../store/distinct-keys.js'
import { hasCataloguedFiles } from '../db/usage/catalogue-size.js'
import { type WholeBucketContext, type WholeBucketProgress, reconcileWholeBucket } from './by-organisation.js'
import { noCounts } from './counts.js'
import { isSameProgress } from './reconcile.js'
import { orgKeyOfPrefix } from '../objects/object-key.js'
import {
  type ReconcileCounts, type Reconciliation, beginReconciliation, endReconciliation, saveProgress,
} from '../db/reconcile/reconciliations.js'
import { type Lease, takeLease } from '../db/leases.js'

/** What is to be compared, and how. */
export interface ReconcileRequest {
  /** Of the keys to compare; empty for all. */
  prefix: string
  /** Only counts the differences; leaves no trace, and needs no lease. */
  dryRun?: boolean
  /** Starts over even if the last run did not finish. */
  restart?: boolean
  /** Accepts an empty bucket as genuine, instead of taking it for the wrong one. */
  allowEmptyBucket?: boolean
  keysPerSecond?: number | undefined
  /** How many ranges of keys are compared side by side, at most; by default one. */
  parallel?: number | undefined
  onForeign?: (object: { objectKey: string, sizeBytes: number }) => void
  onProgress?: (counts: ReconcileCounts) => void
  signal?: AbortSignal
}

/** The result of a run. */
export interface ReconcileResult extends ReconcileCounts {
  /** Organisations that were left out, since their keys are not listed in order. */
  disorderedOrgKeys: readonly string[]
}

/** A run that has begun. */
export interface ReconcileRun {
  /** As recorded in the database; undefined for a dry run. */
  reconciliation: Reconciliation | undefined
  /** Resolves at the end; rejects as `reconcile` throws, and with the signal's reason. */
  done: Promise<ReconcileResult>
}

/** The bucket is empty although files are counted: it is more likely the wrong bucket than an emptied one. */
export class EmptyBucketError extends Error {
  override name = 'EmptyBucketError'
}

/** How often a run shows others that it is alive. */
const SAVE_AT_LEAST_EVERY_MS = 5_000

/**
 * Begins to make the catalogue agree with the bucket, under a lease of the organisation, or of all of them. Each checkpoint is
 * saved, so that the next run can resume where this one's process ends. A run that loses its lease ends.
 *
 * @returns undefined if another run is working on any of the same keys, or was killed less than 30 seconds ago; the run's
 *   `done` rejects with {EmptyBucketError} if the bucket is probably the wrong one
 */
export async function startReconciliation (
  context: WholeBucketContext, request: ReconcileRequest,
): Promise<ReconcileRun | undefined> {
  const { prefix, dryRun = false, restart = false } = request
  if (dryRun) return { reconciliation: undefined, done: handled(run(context, request)) }
  const orgKey = orgKeyOfPrefix(prefix)
  const lease = await takeLease(context.database, orgKey === undefined ? 'reconcile' : `reconcile/${orgKey}`)
  if (lease === undefined) return undefined
  try {
    const reconciliation = await beginReconciliation(context.database, lease, prefix, { restart })
    return { reconciliation, done: handled(runUnder(lease, context, request, reconciliation)) }
  } catch (error) {
    await lease.release()
    throw error
  }
}

/** It may fail while nobody awaits it. */
function handled<Result> (promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {})
  return promise
}

async function runUnder (
  lease: Lease, context: WholeBucketContext, request: ReconcileRequest, begun: Reconciliation,
): Promise<ReconcileResult> {
  const { database } = context
  let progress: WholeBucketProgress = begun
  let savedAtMs = performance.now()
  try {
    const result = await run({ ...context, lease }, {
      ...request, signal: request.signal === undefined ? lease.lost : AbortSignal.any([request.signal, lease.lost]),
    }, begun, async (current) => {
      const isSaved = isSameProgress(current, progress)
      progress = current
      if (isSaved && performance.now() - savedAtMs < SAVE_AT_LEAST_EVERY_MS) return
      await saveProgress(database, lease, begun.id, progress)
      savedAtMs = performance.now()
    })
    await endReconciliation(database, lease, begun.id, { ...progress, status: 'complete' })
    return result
  } catch (error) {
    const isInterrupted = request.signal?.aborted === true
    // Without the database or the lease the outcome cannot be saved, and the first error says more.
    await endReconciliation(database, lease, begun.id, isInterrupted
      ? { ...progress, status: 'interrupted' }
      : { ...progress, status: 'failed', failure: failureOf(error) }).catch(() => {})
    throw error
  } finally {
    await lease.release()
  }
}

async function run (
  context: WholeBucketContext, request: ReconcileRequest, begun?: Reconciliation,
  onProgress: (progress: WholeBucketProgress) => Promise<void> = async () => {},
): Promise<ReconcileResult> {
  const { prefix, dryRun = false, allowEmptyBucket = false, keysPerSecond, parallel, onForeign, signal } = request
  const listBucket = dryRun || allowEmptyBucket ? context.listBucket : ofNoEmptyBucket(context)
  let result: ReconcileResult = { ...noCounts, disorderedOrgKeys: [] }
  for await (const progress of reconcileWholeBucket({ ...context, listBucket }, {
    prefix,
    dryRun,
    keysPerSecond,
    parallel,
    begun,
    startAfter: begun?.checkpoint ?? '',
    openRanges: begun?.openRanges ?? [],
    counts: begun?.counts ?? noCounts,
    ...onForeign === undefined ? {} : { onForeign },
    ...signal === undefined ? {} : { signal },
  })) {
    result = { ...progress.counts, disorderedOrgKeys: progress.disorderedOrgKeys }
    request.onProgress?.(progress.counts)
    await onProgress(progress)
  }
  return result
}

/**
 * A listing that throws {EmptyBucketError} if the whole bucket is empty although files are counted.
 */
function ofNoEmptyBucket ({ database, listBucket }: WholeBucketContext): ListBucket {
  return async function * (range) {
    let isBeginning = range.startAfter === ''
    for await (const page of listBucket(range)) {
      if (isBeginning && page.objects.length === 0 && await isEmpty(listBucket) && await hasCataloguedFiles(database)) {
        throw new EmptyBucketError(
          'The bucket is empty, while files are counted. If it is the right one, npm run reconcile -- --allow-empty settles it.')
      }
      isBeginning = false
      yield page
    }
  }
}

async function isEmpty (listBucket: ListBucket): Promise<boolean> {
  const pages = listBucket({ prefix: '', startAfter: '', pageKeys: 1 })[Symbol.asyncIterator]()
  try {
    const { value: page } = await pages.next()
    return page === undefined || page.objects.length === 0
  } catch (error) {
    // It takes two keys to be out of order.
    if (error instanceof DisorderedListingError) return false
    throw error
  } finally {
    await pages.return?.()
  }
}

/** Errors of the parts involved say what happened without naming any key; of other errors only the kind is kept. */
function failureOf (error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return /^(ObjectStorage|MalformedListing|DisorderedListing|EmptyBucket)/.test(error.name) ? error.message : error.name
}
