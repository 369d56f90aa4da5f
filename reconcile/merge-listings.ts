import type { CataloguedObject } from '../db/reconcile/catalogue-listing.js'
import { isSameFile } from '../events/same-change.js'
import { compareObjectKeys } from '../objects/key-order.js'
import type { ListingPage } from '../store/listing-pages.js'
import type { ListedObject } from '../store/listing-document.js'

/** How a stretch of the bucket and the same stretch of the catalogue compare. */
export interface MergeStep {
  /** In the bucket only. */
  missing: ListedObject[]
  /** In the catalogue only. */
  gone: CataloguedObject[]
  /** In both, but not the same. */
  differing: Array<{ listed: ListedObject, catalogued: CataloguedObject }>
  /**
   * Keys on which both agree, but which the catalogue has with a time ahead of now; `listed` is undefined if neither has a
   * file.
   */
  ahead: Array<{ objectKey: string, listed: ListedObject | undefined }>
  sameCount: number
  /** Objects of the bucket in this stretch. */
  listedCount: number
  /** A time by the store's clock; what is said about the bucket is no older. */
  observedAt: Date
  /** The last key of the stretch; undefined at the end of the listings. */
  through: string | undefined
}

/** A page of a listing that may end before the prefix does. */
export interface RangePage extends ListingPage {
  /** Of the last page: the key up to which it extends; undefined if that is the end of the prefix. */
  through?: string | undefined
}

const DIFFERENCES_MAX = 1_000

/**
 * Compares a bucket's listing with the catalogue's, both in the order of the keys' UTF-8 bytes, in lock-step: no more than a
 * page of either and a thousand differences are in memory.
 *
 * @param bucketPages the last one is marked as such
 * @param cataloguePages of the same prefix, from the same key on; may extend further
 * @throws {RangeError} if the catalogue's keys are not in order; what the listings throw
 */
export async function * mergeListings (
  bucketPages: AsyncIterable<RangePage>, cataloguePages: AsyncIterable<readonly CataloguedObject[]>,
): AsyncGenerator<MergeStep, undefined> {
  const rows = new RowReader(cataloguePages)
  try {
    let lastKey = ''
    for await (const { objects, observedAt, isLast, through } of bucketPages) {
      let step = emptyStep(observedAt)
      for (const listed of objects) {
        let row = rows.current ?? await rows.load()
        while (row !== undefined && compareObjectKeys(row.objectKey, listed.objectKey) < 0) {
          pass(step, row)
          if (isFull(step)) {
            yield { ...step, through: row.objectKey }
            step = emptyStep(observedAt)
          }
          row = rows.advance() ?? await rows.load()
        }
        step.listedCount++
        const isCatalogued = row?.objectKey === listed.objectKey
        if (row === undefined || !isCatalogued || row.isRemoved) step.missing.push(listed)
        else if (!isSameFile(listed, row)) step.differing.push({ listed, catalogued: row })
        else if (row.isAhead) step.ahead.push({ objectKey: row.objectKey, listed })
        else step.sameCount++
        if (isCatalogued) rows.advance()
        lastKey = listed.objectKey
        if (isFull(step)) {
          yield { ...step, through: lastKey }
          step = emptyStep(observedAt)
        }
      }
      if (isLast) {
        for (let row = rows.current ?? await rows.load(); row !== undefined; row = rows.advance() ?? await rows.load()) {
          if (through !== undefined && compareObjectKeys(row.objectKey, through) > 0) break
          pass(step, row)
          if (isFull(step)) {
            yield { ...step, through: row.objectKey }
            step = emptyStep(observedAt)
          }
        }
      }
      yield { ...step, through: isLast ? undefined : lastKey }
    }
  } finally {
    await rows.close()
  }
}

function emptyStep (observedAt: Date): Omit<MergeStep, 'through'> {
  return { missing: [], gone: [], differing: [], ahead: [], sameCount: 0, listedCount: 0, observedAt }
}

/** Adds a row to the step that the bucket does not have. */
function pass (step: Omit<MergeStep, 'through'>, row: CataloguedObject): void {
  if (row.isRemoved) step.ahead.push({ objectKey: row.objectKey, listed: undefined })
  else step.gone.push(row)
}

function isFull ({ missing, gone, differing, ahead }: Omit<MergeStep, 'through'>): boolean {
  return missing.length + gone.length + differing.length + ahead.length >= DIFFERENCES_MAX
}

/** Hands out rows one by one, so that only the first of a page has to be awaited. */
class RowReader {
  readonly #pages: AsyncIterator<readonly CataloguedObject[]>
  #page: readonly CataloguedObject[] = []
  #index = 0
  #isAtEnd = false

  constructor (pages: AsyncIterable<readonly CataloguedObject[]>) {
    this.#pages = pages[Symbol.asyncIterator]()
  }

  /** Undefined if a page has to be loaded, or after the last one. */
  get current (): CataloguedObject | undefined {
    return this.#page[this.#index]
  }

  advance (): CataloguedObject | undefined {
    this.#index++
    return this.current
  }

  /** Loads pages until there is a row. Undefined after the last one. */
  async load (): Promise<CataloguedObject | undefined> {
    while (this.current === undefined && !this.#isAtEnd) {
      const { value, done } = await this.#pages.next()
      this.#isAtEnd = done === true
      if (done === true) break
      let before = this.#page.at(-1)?.objectKey ?? ''
      for (const { objectKey } of value) {
        if (compareObjectKeys(objectKey, before) <= 0) throw new RangeError('The catalogue\'s keys are not in order.')
        before = objectKey
      }
      this.#page = value
      this.#index = 0
    }
    return this.current
  }

  async close (): Promise<void> {
    await this.#pages.return?.()
  }
}
