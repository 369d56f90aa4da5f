import fc from 'fast-check'
import t from 'tap'
import { type IndexEntry, KeyIndex } from '../../../../embedded/s3/key-index.js'
import { compareObjectKeys } from '../../../../objects/key-order.js'
import { codePoint } from '../../../support/code-point.js'

/** Any well-formed text, often with characters on both sides of the surrogates. */
const key = fc.string({
  unit: fc.oneof(fc.constantFrom('a', 'b', '/', '\u{d7ff}', '\u{e000}', '\u{ffff}', '\u{10000}', '\u{10ffff}'), codePoint),
  maxLength: 6,
})
const entryOf = (objectKey: string, sizeBytes = 0): IndexEntry => ({ objectKey, sizeBytes, etag: '', lastModifiedMs: 0 })
const inOrder = (keys: Iterable<string>) => [...keys].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
const all = (index: KeyIndex) => [...index.from(() => true)]

t.test('after any changes an index holds what a map would, in order', async (t) => {
  const changes = fc.array(fc.record({ objectKey: key, sizeBytes: fc.nat(), isDeletion: fc.boolean() }), { maxLength: 60 })
  fc.assert(fc.property(fc.uniqueArray(key, { maxLength: 20 }), changes, key, (initial, changes, bound) => {
    const map = new Map(initial.map((objectKey) => [objectKey, entryOf(objectKey)]))
    const index = new KeyIndex([...map.values()])
    for (const { objectKey, sizeBytes, isDeletion } of changes) {
      if (isDeletion) {
        t.equal(index.delete(objectKey), map.delete(objectKey))
      } else {
        index.set(entryOf(objectKey, sizeBytes))
        map.set(objectKey, entryOf(objectKey, sizeBytes))
      }
    }
    t.strictSame(all(index), inOrder(map.keys()).map((objectKey) => map.get(objectKey)))
    t.strictSame(index.get(bound), map.get(bound))
    t.strictSame([...index.from((objectKey) => compareObjectKeys(objectKey, bound) > 0)].map(({ objectKey }) => objectKey),
      inOrder([...map.keys(), bound]).slice(inOrder([...map.keys(), bound]).lastIndexOf(bound) + 1))
  }))
})

t.test('an index keeps its order while it grows and shrinks by thousands', async (t) => {
  const numbers = Array.from({ length: 10_000 }, (_, number) => String((number * 7919) % 10_000))
  const index = new KeyIndex()
  for (const number of numbers) index.set(entryOf(number))
  t.strictSame(all(index).map(({ objectKey }) => objectKey), inOrder(numbers))
  for (const number of numbers.slice(0, 9_000)) index.delete(number)
  t.strictSame(all(index).map(({ objectKey }) => objectKey), inOrder(numbers.slice(9_000)))
})
