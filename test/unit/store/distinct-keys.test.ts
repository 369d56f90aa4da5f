import t from 'tap'
import type { ListingPage } from '../../../store/listing-pages.js'
import { DisorderedListingError, withDistinctKeys } from '../../../store/distinct-keys.js'
import type { ListedObject } from '../../../store/listing-document.js'

type Entry = [objectKey: string, sizeBytes: number]
const whole = { prefix: '', startAfter: '' }

async function * pagesOf (pages: Entry[][]): AsyncGenerator<ListingPage> {
  for (const [index, page] of pages.entries()) {
    const objects = page.map(([objectKey, sizeBytes]) => ({ objectKey, sizeBytes, entityTag: `e${sizeBytes}` }))
    yield { objects, observedAt: new Date(index), isLast: index === pages.length - 1 }
  }
}

/** Lists pages; returns keys, sizes and the pages that saw them, and the keys that were asked about. */
async function list (pages: Entry[][], range = whole, bucket: Record<string, ListedObject> = {}) {
  const asked: string[] = []
  const ask = async ({ objectKey }: ListedObject) => {
    asked.push(objectKey)
    return bucket[objectKey]
  }
  const listed: Array<[objectKey: string, sizeBytes: number, page: number]> = []
  const ends: boolean[] = []
  for await (const { objects, observedAt, isLast } of withDistinctKeys(pagesOf(pages), range, ask)) {
    for (const { objectKey, sizeBytes } of objects) listed.push([objectKey, sizeBytes, observedAt.getTime()])
    ends.push(isLast)
  }
  t.equal(ends.indexOf(true), ends.length - 1, 'the last page is marked, and only it')
  return { listed, asked }
}

t.test('keys that are listed once stay as they are, seen by the page that they were on', async (t) => {
  t.strictSame(await list([[['a', 1], ['b', 2]], [], [['c', 3]], []]), { listed: [['a', 1, 0], ['b', 2, 0], ['c', 3, 2]], asked: [] })
  t.strictSame(await list([[]]), { listed: [], asked: [] })
})

t.test('a key that is listed several times is one, on one page and across pages', async (t) => {
  for (const pages of [
    [[['a', 1], ['b', 2], ['b', 2], ['b', 2], ['c', 3]]], [[['a', 1], ['b', 2]], [['b', 2], ['b', 2]], [['b', 2], ['c', 3]]],
    [[['a', 1], ['b', 2]], [], [['b', 2], ['c', 3]], []],
  ] satisfies Entry[][][]) {
    const { listed, asked } = await list(pages)
    t.strictSame(listed.map(([key, size]) => [key, size]), [['a', 1], ['b', 2], ['c', 3]])
    t.strictSame(asked, [])
  }
})

t.test('if its entries differ, the bucket decides about the key', async (t) => {
  const now = { b: { objectKey: 'b', sizeBytes: 7, entityTag: undefined } }
  for (const pages of [
    [[['a', 1], ['b', 2], ['b', 3], ['c', 3]]], [[['a', 1], ['b', 2]], [['b', 2], ['b', 3]], [['c', 3]]],
  ] satisfies Entry[][][]) {
    const there = await list(pages, whole, now)
    t.strictSame(there.listed.map(([key, size]) => [key, size]), [['a', 1], ['b', 7], ['c', 3]])
    t.strictSame(there.asked, ['b'], 'asked once')
    const gone = await list(pages)
    t.strictSame(gone.listed.map(([key, size]) => [key, size]), [['a', 1], ['c', 3]])
  }
})

t.test('real disorder is an error that says what to do, and names no key', async (t) => {
  const cases: Array<[Entry[][], typeof whole]> = [
    [[[['b', 1], ['a', 1]]], whole],
    [[[['b', 1]], [['a', 1]]], whole],
    [[[['\u{10000}', 1], ['\u{ffff}', 1]]], whole],
    [[[['b', 1]]], { prefix: 'a', startAfter: '' }],
    [[[['b', 1]]], { prefix: '', startAfter: 'b' }],
    [[[['b', 1]]], { prefix: '', startAfter: 'c' }],
  ]
  for (const [pages, range] of cases) {
    await t.rejects(list(pages, range), { name: 'DisorderedListingError', message: /not in order\. .*operator of the storage/ })
  }
  t.ok(new DisorderedListingError('') instanceof Error)
})
