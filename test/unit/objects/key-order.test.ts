import fc from 'fast-check'
import t from 'tap'
import { compareObjectKeys, endOfPrefix } from '../../../objects/key-order.js'
import { codePoint } from '../../support/code-point.js'

const edges = ['a', 'b', '/', '\u{ffff}', '\u{d7ff}', '\u{e000}', '\u{10000}', '\u{103fe}', '\u{103ff}', '\u{10ffff}']
const key = fc.oneof(fc.string({ unit: fc.constantFrom(...edges) }), fc.string({ unit: codePoint }))

t.test('keys are ordered by the bytes of their UTF-8', async (t) => {
  const isOrdered = (one: string, other: string) =>
    Math.sign(compareObjectKeys(one, other)) === Buffer.compare(Buffer.from(one), Buffer.from(other))
  fc.assert(fc.property(key, key, key, (start, one, other) => isOrdered(one, other) && isOrdered(start + one, start + other)))
  for (const one of edges) for (const other of edges) t.ok(isOrdered(one, other), encodeURIComponent(`${one} ${other}`))
  t.ok(compareObjectKeys('\u{ffff}', '\u{10000}') < 0, 'unlike in UTF-16')
})

t.test('the end of a prefix comes after every key with it, and before every other later key', async (t) => {
  fc.assert(fc.property(key, key, (prefix, other) => {
    const end = endOfPrefix(prefix)
    const isBefore = end === undefined || compareObjectKeys(other, end) < 0
    return (compareObjectKeys(other, prefix) >= 0 && isBefore) === other.startsWith(prefix)
  }))
  t.equal(endOfPrefix('acme/'), 'acme0')
  t.equal(endOfPrefix('a\u{d7ff}'), 'a\u{e000}')
  t.equal(endOfPrefix('a\u{10ffff}'), 'b')
  t.equal(endOfPrefix(''), undefined)
})
