import { listCataloguedOrgKeys } from '../db/usage/catalogue-size.js'
import { compareObjectKeys } from '../objects/key-order.js'
import { orgKeyOfPrefix, prefixOf } from '../objects/object-key.js'
import { DisorderedListingError } from '../store/distinct-keys.js'
import type { ListPrefixes } from '../store/listing-pages.js'
import { type ReconcileContext, type ReconcileOptions, type ReconcileProgress, noCounts, reconcile } from './reconcile.js'

/** What a comparison of a bucket whose keys may not be in order works on. */
export interface WholeBucketContext extends ReconcileContext {
  listPrefixes: ListPrefixes
}

/** How far such a comparison has come. */
export interface WholeBucketProgress extends ReconcileProgress {
  /** Whether it goes from one organisation to the next: the checkpoint is a place in the order of their prefixes. */
  isByOrganisation: boolean
  /** Organisations that were left out: not even their own keys are listed in order. */
  disorderedOrgKeys: readonly string[]
}

interface WholeBucketOptions extends ReconcileOptions {
  /** Of a resumed run. */
  begun?: Pick<WholeBucketProgress, 'isByOrganisation' | 'disorderedOrgKeys'> | undefined
}

/** Of more than so many, it is the bucket that cannot be used. */
const DISORDERED_ORGS_MAX = 100

/**
 * Compares as `reconcile` does. Where the keys of several organisations are not listed in order, it starts over and compares
 * one organisation after the other: some stores list `acme/` before `acme-eu/`, but each by itself in order, and where the
 * index of one is damaged the others are compared all the same.
 *
 * The names of all organisations are in memory then, and objects of none are not looked at.
 *
 * @throws {DisorderedListingError} where only one organisation is compared, where none could be, or where more than a hundred
 *   could not; otherwise as `reconcile` does
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
    // All is looked at anew, also what seemed to be settled: keys that came too late in the listing seemed to be gone.
    const { addedCount, removedCount, correctedCount } = counts
    const kept = options.dryRun ? noCounts : { ...noCounts, addedCount, removedCount, correctedCount }
    yield * reconcileByOrganisation(context, { ...options, startAfter: '', counts: kept }, [])
  }
}

async function * reconcileByOrganisation (
  context: WholeBucketContext, options: ReconcileOptions, leftOut: readonly string[],
): AsyncGenerator<WholeBucketProgress, undefined> {
  const disorderedOrgKeys = [...leftOut]
  let { startAfter: checkpoint, counts = noCounts } = options
  const progressOf = () => ({ checkpoint, counts, isByOrganisation: true, disorderedOrgKeys: [...disorderedOrgKeys] })
  yield progressOf()
  const orgKeys = await orgKeysOf(context, options)
  for (const orgKey of orgKeys) {
    const prefix = prefixOf({ orgKey })
    const isBegun = checkpoint.startsWith(prefix)
    if (disorderedOrgKeys.includes(orgKey) || (!isBegun && compareObjectKeys(prefix, checkpoint) < 0)) continue
    try {
      const range = { prefix, startAfter: isBegun ? checkpoint : '' }
      for await (const progress of reconcile(context, { ...options, ...range, counts })) {
        counts = progress.counts
        checkpoint = progress.checkpoint === '' ? prefix : progress.checkpoint
        yield progressOf()
      }
    } catch (error) {
      if (!(error instanceof DisorderedListingError)) throw error
      disorderedOrgKeys.push(orgKey)
      if (disorderedOrgKeys.length > DISORDERED_ORGS_MAX || disorderedOrgKeys.length === orgKeys.length) {
        // The next one begins anew, and may find the index repaired.
        yield { checkpoint: '', counts, isByOrganisation: false, disorderedOrgKeys: [] }
        throw error
      }
      yield progressOf()
    }
  }
}

/** Of the bucket and of the catalogue, in the order of their prefixes. */
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
