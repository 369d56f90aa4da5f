import { listCataloguedOrgKeys } from '../db/usage/catalogue-size.js'
import { compareObjectKeys } from '../objects/key-order.js'
import { orgKeyOfPrefix, prefixOf } from '../objects/object-key.js'
import { DisorderedListingError } from '../store/distinct-keys.js'
import type { ListPrefixes } from '../store/listing-pages.js'
import { noCounts } from './counts.js'
import { type ReconcileContext, type ReconcileOptions, type ReconcileProgress, reconcile } from './reconcile.js'

/** What comparing a bucket needs if its keys may not be in order. */
export interface WholeBucketContext extends ReconcileContext {
  listPrefixes: ListPrefixes
}

/** How far such a comparison has got. */
export interface WholeBucketProgress extends ReconcileProgress {
  /** Whether it proceeds organisation by organisation: the checkpoint is then a position in the order of their prefixes. */
  isByOrganisation: boolean
  /** Organisations that were left out since even their own keys are not listed in order. */
  disorderedOrgKeys: readonly string[]
}

interface WholeBucketOptions extends ReconcileOptions {
  /** Of a resumed run. */
  begun?: Pick<WholeBucketProgress, 'isByOrganisation' | 'disorderedOrgKeys'> | undefined
}

/** If there are more than this, the bucket as a whole is unusable. */
const DISORDERED_ORGS_MAX = 100

/**
 * Compares like `reconcile`. If the keys across organisations are not listed in order, it starts over and compares one
 * organisation after the other: some stores list `acme/` before `acme-eu/`, but each by itself in order; and if one
 * organisation's index is damaged, the others are still compared.
 *
 * In this mode the names of all organisations are in memory, and objects that belong to none are not looked at.
 *
 * @throws {DisorderedListingError} if only one organisation is compared, if none could be, or if more than a hundred could not;
 *   otherwise as `reconcile` does
 */
export async function * reconcileWholeBucket (
  context: WholeBucketContext, { begun, ...options }: WholeBucketOptions,
): AsyncGenerator<WholeBucketProgress, undefined> {
  if (begun?.isByOrganisation === true) return yield * reconcileByOrganisation(context, options, begun.disorderedOrgKeys)
  let counts = options.counts ?? noCounts
  try {
    for await (const progress of reconcile(context, options)) {
      counts = progress.counts
      yield { ...progress, isByOrganisation: false, disorderedOrgKeys: [] }
    }
  } catch (error) {
    if (!(error instanceof DisorderedListingError) || orgKeyOfPrefix(options.prefix) !== undefined) throw error
    // Everything is looked at again, including what seemed to be settled: keys that the listing returned late seemed to be
    // gone.
    const { addedCount, removedCount, correctedCount } = counts
    const kept = options.dryRun ? noCounts : { ...noCounts, addedCount, removedCount, correctedCount }
    yield * reconcileByOrganisation(context, { ...options, startAfter: '', openRanges: [], counts: kept }, [])
  }
}

async function * reconcileByOrganisation (
  context: WholeBucketContext, options: ReconcileOptions, leftOut: readonly string[],
): AsyncGenerator<WholeBucketProgress, undefined> {
  const disorderedOrgKeys = [...leftOut]
  let { startAfter: checkpoint, openRanges = [], counts = noCounts } = options
  const progressOf = () => (
    { checkpoint, openRanges, counts, isByOrganisation: true, disorderedOrgKeys: [...disorderedOrgKeys] })
  yield progressOf()
  const orgKeys = await orgKeysOf(context, options)
  for (const orgKey of orgKeys) {
    const prefix = prefixOf({ orgKey })
    const isBegun = checkpoint.startsWith(prefix)
    if (disorderedOrgKeys.includes(orgKey) || (!isBegun && compareObjectKeys(prefix, checkpoint) < 0)) continue
    try {
      const range = isBegun ? { prefix, startAfter: checkpoint, openRanges } : { prefix, startAfter: '', openRanges: [] }
      for await (const progress of reconcile(context, { ...options, ...range, counts })) {
        counts = progress.counts
        openRanges = progress.openRanges
        checkpoint = progress.checkpoint === '' ? prefix : progress.checkpoint
        yield progressOf()
      }
    } catch (error) {
      if (!(error instanceof DisorderedListingError)) throw error
      openRanges = []
      disorderedOrgKeys.push(orgKey)
      if (disorderedOrgKeys.length > DISORDERED_ORGS_MAX || disorderedOrgKeys.length === orgKeys.length) {
        // The next run starts over, and may find the index repaired.
        yield { checkpoint: '', openRanges, counts, isByOrganisation: false, disorderedOrgKeys: [] }
        throw error
      }
      yield progressOf()
    }
  }
}

/** The keys of the organisations in the bucket and in the catalogue, in the order of their prefixes. */
async function orgKeysOf (
  { database, listPrefixes }: WholeBucketContext, { prefix, signal }: ReconcileOptions,
): Promise<string[]> {
  const orgKeys = new Set(await listCataloguedOrgKeys(database))
  for await (const page of listPrefixes({ prefix, ...signal === undefined ? {} : { signal } })) {
    for (const found of page) {
      const orgKey = orgKeyOfPrefix(found)
      if (orgKey !== undefined) orgKeys.add(orgKey)
    }
  }
  return [...orgKeys].filter((orgKey) => prefixOf({ orgKey }).startsWith(prefix))
    .sort((one, other) => compareObjectKeys(prefixOf({ orgKey: one }), prefixOf({ orgKey: other })))
}
