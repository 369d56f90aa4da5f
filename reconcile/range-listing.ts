import { compareObjectKeys } from '../objects/key-order.js'
import { disorderedListing } from '../store/distinct-keys.js'
import type { ListBucket, ListingPage } from '../store/listing-pages.js'
import type { ComparedRange } from './compared-range.js'
import type { RangePage } from './merge-listings.js'

/** What is common to the ranges of a comparison. */
export interface RangeScope {
  listBucket: ListBucket
  prefix: string
  signal: AbortSignal
}

/** How often two listings are asked for what follows a range, while the bucket may change between their answers. */
const COMPARISONS_MAX = 5
/** Two, since only what follows a key tells that the store does not repeat it. */
const FEWEST_KEYS = 2

/**
 * Lists a range to wherever its end is by then.
 *
 * A listing that is not in order would pass over keys at the ends of ranges without a trace. So a page more than the range is
 * looked at, and what follows the range must be what a listing after its end begins with: whatever order of its own a store
 * lists in, the ranges one after the other are then the whole.
 *
 * @throws {DisorderedListingError} if it is not, before the last page is given out; what listing the bucket throws
 */
export async function * listRange (scope: RangeScope, range: ComparedRange): AsyncGenerator<RangePage, undefined> {
  const { listBucket, prefix, signal } = scope
  let end: ListingPage | undefined
  for await (const page of listBucket({ prefix, startAfter: range.startAfter, signal })) {
    if (end !== undefined) break
    const last = page.objects.at(-1)?.objectKey
    if (page.isLast || (last !== undefined && !range.reaches(last))) {
      range.takeRest()
      end = page
      if (page.isLast) break
    } else {
      if (last !== undefined) range.take(last)
      yield page
    }
  }
  if (end === undefined) return
  const { through, takenThrough } = range
  if (through !== undefined) await checkFollowing(scope, { takenThrough, through }, firstAfter(end, through))
  yield { ...end, objects: end.objects.filter(({ objectKey }) => range.reaches(objectKey)), isLast: true, through }
}

/**
 * The beginning of a listing after a key.
 *
 * @param pageKeys as few as tell the first key if omitted
 */
export async function listAfter (
  { listBucket, prefix, signal }: RangeScope, startAfter: string, pageKeys = FEWEST_KEYS,
): Promise<Pick<ListingPage, 'objects' | 'isLast'>> {
  const pages = listBucket({ prefix, startAfter, pageKeys, signal })[Symbol.asyncIterator]()
  try {
    const { value: page } = await pages.next()
    return page ?? { objects: [], isLast: true }
  } finally {
    await pages.return?.()
  }
}

/** @param following the key after the range, as its own listing had it; undefined if there was none */
async function checkFollowing (
  scope: RangeScope, { takenThrough, through }: { takenThrough: string, through: string }, following: string | undefined,
): Promise<void> {
  const { listBucket, prefix, signal } = scope
  for (let comparison = 1; ; comparison++) {
    const { objects: [next] } = await listAfter(scope, through)
    if (next?.objectKey === following) return
    if (comparison === COMPARISONS_MAX) throw disorderedListing()
    for await (const page of listBucket({ prefix, startAfter: takenThrough, signal })) {
      following = firstAfter(page, through)
      if (following !== undefined) break
    }
  }
}

function firstAfter ({ objects }: Pick<ListingPage, 'objects'>, key: string): string | undefined {
  return objects.find(({ objectKey }) => compareObjectKeys(objectKey, key) > 0)?.objectKey
}
