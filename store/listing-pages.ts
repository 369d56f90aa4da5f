import type { ListedObject } from './listing-document.js'

/** Which part of the bucket to list. */
export interface ListingRange {
  /** Empty for the whole bucket. */
  prefix: string
  /** Only keys after this one; empty for all. */
  startAfter: string
  /** Keys per page, at most 1,000; by default 1,000. If it is given, no page is requested before it is needed. */
  pageKeys?: number
  signal?: AbortSignal
}

/**
 * What the bucket holds between the last key of the previous page and its own last key; the last page extends to the end of the
 * prefix. Every key in between that is not on the page was absent.
 */
export interface ListingPage {
  objects: ListedObject[]
  /** A time by the store's clock; the page is no older. */
  observedAt: Date
  isLast: boolean
}

/** Lists the prefixes of a bucket's keys up to their first slash, page by page; in any order, and possibly with repetitions. */
export type ListPrefixes = (range: Pick<ListingRange, 'prefix' | 'signal'>) => AsyncIterable<string[]>

/** Lists part of a bucket, page by page. */
export type ListBucket = (range: ListingRange) => AsyncIterable<ListingPage>
