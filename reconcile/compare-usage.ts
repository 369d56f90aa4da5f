import type { ListBucket } from '../store/listing-pages.js'
import { type MergeStep, mergeListings } from './merge-listings.js'
import { compareObjectKeys } from '../objects/key-order.js'
import { parseObjectKey, prefixOf } from '../objects/object-key.js'
import { listCatalogue } from '../db/reconcile/catalogue-listing.js'
import type { DatabaseHandle } from '../db/connection/tables.js'
import { type DirectionTallies, type UsageScope, noTallies, readTallies } from '../db/usage/tallies.js'

/** A key about which the bucket and the catalogue disagree. */
interface KeyDifference {
  objectKey: string
  /** Undefined if the bucket does not hold it. */
  storedBytes: number | undefined
  /** Undefined if it is not counted. */
  countedBytes: number | undefined
}

/** An organisation's figures from each of their sources. */
export interface UsageComparison {
  kept: DirectionTallies
  runs: DirectionTallies
  rows: DirectionTallies
  bucket: DirectionTallies
  /** Some of them, in the order of their keys. */
  differences: KeyDifference[]
  differenceCount: number
}

/**
 * Compares the kept sums, those of runs, the sums over rows and the bucket's listing. All but the last are of one instant; the
 * bucket is listed after it, so files that come and go meanwhile show up as differences.
 *
 * @param limit the most differences to name
 * @throws what the listing and the database throw
 */
export async function compareUsage (
  database: DatabaseHandle, listBucket: ListBucket, scope: UsageScope,
  options: { limit: number, onProgress?: (listedCount: number) => void, signal?: AbortSignal },
): Promise<UsageComparison> {
  const tallies = await readTallies(database, scope)
  const comparison: UsageComparison = { ...tallies, bucket: noTallies(), differences: [], differenceCount: 0 }
  const { createdBy } = scope
  const partsInScope = (objectKey: string) => {
    const parts = parseObjectKey(objectKey)
    return parts !== undefined && (createdBy === undefined || parts.createdBy === createdBy) ? parts : undefined
  }
  const add = (difference: KeyDifference) => {
    if (partsInScope(difference.objectKey) === undefined) return
    comparison.differenceCount++
    if (comparison.differences.length < options.limit) comparison.differences.push(difference)
  }

  const range = { prefix: prefixOf(scope), startAfter: '', ...options.signal === undefined ? {} : { signal: options.signal } }
  let listedCount = 0
  const listing = async function * () {
    for await (const page of listBucket(range)) {
      for (const { objectKey, sizeBytes } of page.objects) {
        const parts = partsInScope(objectKey)
        if (parts === undefined) continue
        const tally = comparison.bucket[parts.direction]
        tally.fileCount++
        tally.sizeBytes += BigInt(sizeBytes)
      }
      listedCount += page.objects.length
      options.onProgress?.(listedCount)
      yield page
    }
  }
  for await (const step of mergeListings(listing(), listCatalogue(database, range))) {
    differencesOf(step).toSorted((one, other) => compareObjectKeys(one.objectKey, other.objectKey)).forEach(add)
  }
  return comparison
}

function differencesOf ({ missing, gone, differing }: MergeStep): KeyDifference[] {
  return [
    ...missing.map(({ objectKey, sizeBytes }) => ({ objectKey, storedBytes: sizeBytes, countedBytes: undefined })),
    ...gone.map(({ objectKey, sizeBytes }) => ({ objectKey, storedBytes: undefined, countedBytes: sizeBytes })),
    ...differing.map(({ listed, catalogued }) => (
      { objectKey: listed.objectKey, storedBytes: listed.sizeBytes, countedBytes: catalogued.sizeBytes })),
  ]
}
