import { compareObjectKeys } from '../objects/key-order.js'
import { disorderedListing } from '../store/distinct-keys.js'
import type { ListBucket, ListingPage } from '../store/listing-pages.js'
import type { ComparedRange } from './compared-range.js'
import type { RangePage } from './merge-listings.js'

/** What the ranges of a comparison have in common. */
export interface RangeScope {
  listBucket: ListBucket
  prefix: string
  signal: AbortSignal
}

/** How often two listings are compared after a range; they may differ because the bucket changed in between. */
const COMPARISONS_MAX = 5
/** Two, since only the key after it shows that the store does not repeat a key. */
const FEWEST_KEYS = 2

/**
 * Lists a range up to its end, which may move meanwhile.
 *
 * If a listing is not in order, keys at the ends of ranges could be skipped unnoticed. So one page more than the range is read,
 * and the keys that follow the range must be those that a listing after its end begins with: then the ranges together cover
 * everything, whatever order the store lists in.
 *
 * @throws {DisorderedListingError} if they are not, before the last page is yielded; what listing the bucket throws
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
 * @param pageKeys by default, as few as are needed to know the first key
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
