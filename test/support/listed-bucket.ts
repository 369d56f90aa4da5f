import { compareObjectKeys } from '../../objects/key-order.js'
import { withDistinctKeys } from '../../store/distinct-keys.js'
import type { ListBucket, ListingPage, ListingRange } from '../../store/listing-pages.js'

interface ListedBucketOptions {
  pageKeys?: number
  /** The order in which keys are listed; by default that of their UTF-8 bytes. */
  order?: (one: string, other: string) => number
  /** Whether `startAfter` is a position in that order; otherwise it skips keys by their bytes. */
  isStartInOrder?: boolean
  /** Runs before a page is read, with the number of pages read so far. */
  beforePage?: (range: ListingRange, page: number) => Promise<void>
}

/**
 * A bucket in memory, of one-byte objects, as `createBucketListing` lists it.
 *
 * @param keys may be added or removed meanwhile
 */
export function listedBucket (
  keys: ReadonlySet<string>,
  { pageKeys = 1000, order = compareObjectKeys, isStartInOrder = false, beforePage = async () => {} }: ListedBucketOptions = {},
): ListBucket {
  let sorted: string[] = []
  const inOrder = () => {
    if (sorted.length !== keys.size) sorted = [...keys].sort(order)
    return sorted
  }
  const pagesOf = async function * (range: ListingRange): AsyncGenerator<ListingPage, undefined> {
    const { prefix, startAfter } = range
    const count = range.pageKeys ?? pageKeys
    let listed: string | undefined
    for (let page = 0; ; page++) {
      await beforePage(range, page)
      range.signal?.throwIfAborted()
      const left = inOrder().filter((key) => key.startsWith(prefix) &&
        (startAfter === '' || (isStartInOrder ? order : compareObjectKeys)(key, startAfter) > 0) &&
        (listed === undefined || order(key, listed) > 0))
      const objects = left.slice(0, count).map((objectKey) => ({ objectKey, sizeBytes: 1, entityTag: 'tag-1' }))
      const isLast = left.length <= count
      yield { objects, observedAt: new Date(), isLast }
      if (isLast) return
      listed = objects.at(-1)?.objectKey
    }
  }
  return (range) => withDistinctKeys(pagesOf(range), range, async (object) => object)
}

/** The order of a store that walks through folders: `a/` comes before `a.txt`. */
export function compareAsFolders (one: string, other: string): number {
  const [names, otherNames] = [one.split('/'), other.split('/')]
  const at = names.findIndex((name, index) => name !== otherNames[index])
  return at === -1 ? names.length - otherNames.length : compareObjectKeys(names[at] ?? '', otherNames[at] ?? '')
}
