import fc from 'fast-check'
import t from 'tap'
import type { CataloguedObject } from '../../../db/reconcile/catalogue-listing.js'
import type { ListingPage } from '../../../store/listing-pages.js'
import { type MergeStep, mergeListings } from '../../../reconcile/merge-listings.js'

const alphabet = ['a', 'b', '/', '%', '+', ' ', 'ü', '\u{ffff}', '\u{10000}', '\u{1f600}']
const key = fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength: 3 })
const object = fc.record({ sizeBytes: fc.nat(2), entityTag: fc.constantFrom('x', 'y', undefined) })
const side = fc.dictionary(key, object, { maxKeys: 40 })
type Side = Record<string, { sizeBytes: number, entityTag: string | undefined }>

const sorted = (keys: string[]) => keys.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))

/** Cuts a list into pages of the given sizes, repeatedly; some may be empty. */
function pagesOf<Item> (items: Item[], sizes: number[]): Item[][] {
  const pages: Item[][] = []
  for (let [from, page] = [0, 0]; from < items.length; page++) {
    const size = page % 2 === 1 ? sizes[page % sizes.length] ?? 1 : Math.max(1, sizes[page % sizes.length] ?? 1)
    pages.push(items.slice(from, from + size))
    from += size
  }
  return pages
}

async function * bucketPages (bucket: Side, sizes: number[]): AsyncGenerator<ListingPage> {
  const objects = sorted(Object.keys(bucket))
    .map((objectKey) => ({ objectKey, sizeBytes: 0, entityTag: undefined, ...bucket[objectKey] }))
  const pages = pagesOf(objects, sizes)
  for (const [index, page] of pages.entries()) yield { objects: page, observedAt: new Date(index), isLast: false }
  yield { objects: [], observedAt: new Date(pages.length), isLast: true }
}

type Catalogue = Record<string, Side[string] & { isRemoved?: boolean, isAhead?: boolean }>

async function * cataloguePages (catalogue: Catalogue, sizes: number[]): AsyncGenerator<CataloguedObject[]> {
  yield * pagesOf(sorted(Object.keys(catalogue)).map((objectKey) => ({
    objectKey, sizeBytes: 0, entityTag: undefined, isRemoved: false, isAhead: false, ...catalogue[objectKey],
  })), sizes)
}

async function collect (steps: AsyncIterable<MergeStep>): Promise<MergeStep[]> {
  const all: MergeStep[] = []
  for await (const step of steps) all.push(step)
  return all
}

t.test('every key of either side is told once, as what it is, whatever the pages', async (t) => {
  const sizes = fc.array(fc.nat(7), { minLength: 1, maxLength: 4 })
  await fc.assert(fc.asyncProperty(side, side, sizes, sizes, async (bucket, catalogue, bucketSizes, catalogueSizes) => {
    const steps = await collect(mergeListings(bucketPages(bucket, bucketSizes), cataloguePages(catalogue, catalogueSizes)))
    const names = (of: (step: MergeStep) => string[]) => JSON.stringify(steps.flatMap(of))
    const both = sorted(Object.keys(bucket).filter((name) => name in catalogue))
    const differing = both.filter((name) => {
      const [left, right] = [bucket[name], catalogue[name]]
      return left?.sizeBytes !== right?.sizeBytes ||
        (left?.entityTag !== undefined && right?.entityTag !== undefined && left.entityTag !== right.entityTag)
    })
    return names(({ missing }) => missing.map(({ objectKey }) => objectKey)) ===
        JSON.stringify(sorted(Object.keys(bucket).filter((name) => !(name in catalogue)))) &&
      names(({ gone }) => gone.map(({ objectKey }) => objectKey)) ===
        JSON.stringify(sorted(Object.keys(catalogue).filter((name) => !(name in bucket)))) &&
      names((step) => step.differing.map(({ listed }) => listed.objectKey)) === JSON.stringify(differing) &&
      steps.reduce((sum, { sameCount }) => sum + sameCount, 0) === both.length - differing.length &&
      steps.reduce((sum, { listedCount }) => sum + listedCount, 0) === Object.keys(bucket).length &&
      steps.at(-1)?.through === undefined && steps.slice(0, -1).every(({ through }) => through !== undefined)
  }), { numRuns: 300 })
  t.pass()
})

t.test('a key that is gone is observed by the page whose stretch it is in', async (t) => {
  const steps = await collect(mergeListings(
    bucketPages({ b: { sizeBytes: 1, entityTag: undefined }, d: { sizeBytes: 1, entityTag: undefined } }, [1]),
    cataloguePages(Object.fromEntries(['a', 'c', 'e'].map((name) => [name, { sizeBytes: 1, entityTag: undefined }])), [2])))
  t.strictSame(
    steps.flatMap(({ gone, observedAt }) => gone.map(({ objectKey }) => [objectKey, observedAt.getTime()])),
    [['a', 0], ['c', 1], ['e', 2]])
})

t.test('what is known from the future is reported separately, unless it differs', async (t) => {
  const file = { sizeBytes: 1, entityTag: undefined }
  const ahead = { ...file, isAhead: true }
  const removed = { ...ahead, isRemoved: true }
  const [step] = await collect(mergeListings(
    bucketPages({ same: file, other: { ...file, sizeBytes: 2 }, back: file }, [9]),
    cataloguePages({ same: ahead, other: ahead, back: removed, away: removed, gone: ahead, zz: removed }, [9])))
  t.strictSame(step?.ahead.map(({ objectKey, listed }) => [objectKey, listed?.sizeBytes]), [['away', undefined], ['same', 1]])
  t.strictSame(step?.missing.map(({ objectKey }) => objectKey), ['back'])
  t.strictSame(step?.differing.map(({ listed }) => listed.objectKey), ['other'])
  t.strictSame(step?.gone.map(({ objectKey }) => objectKey), ['gone'])
  t.equal(step?.sameCount, 0)
})

t.test('a stretch holds a thousand differences at most, and ends where they end', async (t) => {
  const names = Array.from({ length: 2_500 }, (_, index) => String(index).padStart(4, '0'))
  const catalogue = Object.fromEntries(names.map((name) => [name, { sizeBytes: 1, entityTag: undefined }]))
  const steps = await collect(mergeListings(bucketPages({}, [1]), cataloguePages(catalogue, [700])))
  t.strictSame(steps.map(({ gone, through }) => [gone.length, through]), [[1000, '0999'], [1000, '1999'], [500, undefined]])
})

t.test('a catalogue out of order is refused', async (t) => {
  async function * disordered () {
    yield ['b', 'a'].map((objectKey) => ({ objectKey, sizeBytes: 1, entityTag: undefined, isRemoved: false, isAhead: false }))
  }
  await t.rejects(collect(mergeListings(bucketPages({}, [1]), disordered())), RangeError)
})
