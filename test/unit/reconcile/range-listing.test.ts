import fc from 'fast-check'
import t from 'tap'
import { compareObjectKeys } from '../../../objects/key-order.js'
import { ComparedRange } from '../../../reconcile/compared-range.js'
import { listRange } from '../../../reconcile/range-listing.js'
import { DisorderedListingError } from '../../../store/distinct-keys.js'
import type { ListBucket } from '../../../store/listing-pages.js'
import { compareAsFolders, listedBucket } from '../../support/listed-bucket.js'

const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', '-', 'ü', '\u{ffff}', '\u{10000}'), minLength: 1, maxLength: 4 })
const signal = new AbortController().signal

async function keysOf (listBucket: ListBucket, range: ComparedRange): Promise<string[]> {
  const found: string[] = []
  for await (const { objects } of listRange({ listBucket, prefix: '', signal }, range)) {
    found.push(...objects.map(({ objectKey }) => objectKey))
  }
  return found
}

t.test('ranges list every key once, wherever they end, and whatever the pages', async (t) => {
  await fc.assert(fc.asyncProperty(fc.uniqueArray(key), fc.uniqueArray(key, { maxLength: 4 }), fc.integer({ min: 1, max: 5 }),
    async (keys, ends, pageKeys) => {
      const bucket = listedBucket(new Set(keys), { pageKeys })
      const found: string[] = []
      let startAfter = ''
      for (const through of [...ends.toSorted(compareObjectKeys), undefined]) {
        const range = new ComparedRange({ startAfter, through })
        const pages = []
        for await (const page of listRange({ listBucket: bucket, prefix: '', signal }, range)) pages.push(page)
        t.strictSame(pages.map(({ isLast }) => isLast), pages.map((_, index) => index === pages.length - 1))
        t.equal(pages.at(-1)?.through, through)
        found.push(...pages.flatMap(({ objects }) => objects.map(({ objectKey }) => objectKey)))
        startAfter = through ?? ''
      }
      t.strictSame(found, keys.toSorted(compareObjectKeys))
    }))
})

t.test('a range that is divided while it is listed ends earlier, but not before what is listed', async (t) => {
  const range = new ComparedRange({ startAfter: '', through: undefined })
  const bucket = listedBucket(new Set(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']), { pageKeys: 3 })
  const found: string[] = []
  let rest: ComparedRange | undefined
  for await (const { objects } of listRange({ listBucket: bucket, prefix: '', signal }, range)) {
    found.push(...objects.map(({ objectKey }) => objectKey))
    if (rest !== undefined) continue
    t.equal(range.divide(range.takenThrough), undefined)
    rest = range.divide('d')
  }
  t.strictSame(found, ['a', 'b', 'c', 'd'])
  t.equal(range.divide('c'), undefined, 'its end is passed')
  if (rest === undefined) throw new Error('It was not divided.')
  t.strictSame(await keysOf(bucket, rest), ['e', 'f', 'g', 'h', 'i', 'j'])
})

t.test('keys that are listed in another order behind the end of a range are noticed', async (t) => {
  const keys = new Set(['acme-eu/1', 'acme-eu/2', 'acme/1', 'acme/2', 'acme/3', 'acme/4'])
  for (const isStartInOrder of [true, false]) {
    const bucket = listedBucket(keys, { order: compareAsFolders, isStartInOrder, pageKeys: 2 })
    const disordered = { name: 'DisorderedListingError' }
    await t.rejects(keysOf(bucket, new ComparedRange({ startAfter: '', through: 'acme/3' })), disordered, 'in the next page')
  }
  const bucket = listedBucket(keys, { order: compareAsFolders, isStartInOrder: true, pageKeys: 1 })
  await t.rejects(keysOf(bucket, new ComparedRange({ startAfter: '', through: 'acme-f' })), DisorderedListingError, 'by what follows')
})

t.test('a key that comes or goes where two ranges meet is no disorder', async (t) => {
  for (const change of [(keys: Set<string>) => keys.add('c'), (keys: Set<string>) => keys.delete('d')]) {
    const keys = new Set(['a', 'b', 'd', 'e'])
    const bucket = listedBucket(keys, { beforePage: async ({ startAfter }) => { if (startAfter === 'bb') change(keys) } })
    t.strictSame(await keysOf(bucket, new ComparedRange({ startAfter: '', through: 'bb' })), ['a', 'b'])
  }
})
