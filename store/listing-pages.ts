import type { ListedObject } from './listing-document.js'

/** Which part of the bucket to list. */
export interface ListingRange {
  /** Empty for the whole bucket. */
  prefix: string
  /** Only keys after this one; empty for all. */
  startAfter: string
  /** Keys on one page, at most 1,000; by default 1,000. */
  pageKeys?: number
  signal?: AbortSignal
}

/**
 * What the bucket holds between the last key of the page before it and its own last key; the last page reaches to the end of
 * the prefix. Every key in between that is not on the page was not there.
 */
export interface ListingPage {
  objects: ListedObject[]
  /** A time, by the store's clock, that the page is no older than. */
  observedAt: Date
  isLast: boolean
}

/** Lists what the keys of a bucket begin with, up to their first slash, page by page; in any order, and maybe several times. */
export type ListPrefixes = (range: Pick<ListingRange, 'prefix' | 'signal'>) => AsyncIterable<string[]>

/** Lists a part of a bucket, page by page. */
export type ListBucket = (range: ListingRange) => AsyncIterable<ListingPage>
