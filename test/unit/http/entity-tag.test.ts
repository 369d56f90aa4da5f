import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { isEntityTag, matchesStrongly, matchesWeakly, parseEntityTags } from '../../../http/entity-tag.js'
import { codePoint } from '../../support/code-point.js'

const lists: Array<[value: string, entityTags: '*' | string[]]> = [
  // RFC 9110, sections 8.8.3, 13.1.1 and 13.1.2
  ['"xyzzy"', ['"xyzzy"']],
  ['W/"xyzzy"', ['W/"xyzzy"']],
  ['""', ['""']],
  ['"xyzzy", "r2d2xxxx", "c3piozzzz"', ['"xyzzy"', '"r2d2xxxx"', '"c3piozzzz"']],
  ['W/"xyzzy", W/"r2d2xxxx", W/"c3piozzzz"', ['W/"xyzzy"', 'W/"r2d2xxxx"', 'W/"c3piozzzz"']],
  ['*', '*'],
  // whitespace and empty elements
  ['"a","b"', ['"a"', '"b"']],
  ['\t"a" \t,\t "b" ', ['"a"', '"b"']],
  [', "a", ,"b",,', ['"a"', '"b"']],
  ['', []],
  [' , ', []],
  // what is part of a tag
  ['"a,b", "c"', ['"a,b"', '"c"']],
  ['"W/"', ['"W/"']],
  ['"*"', ['"*"']],
  ['"a\\", "b"', ['"a\\"', '"b"']],
  ['"\u00e9\u00ff"', ['"\u00e9\u00ff"']],
  // what breaks the grammar
  ['xyzzy', []],
  ['"a', []],
  ['a"', []],
  ['"a", b', []],
  ['"a" "b"', []],
  ['"a""b"', []],
  ['w/"a"', []],
  ['W/ "a"', []],
  ['W/', []],
  ['"a b"', []],
  ['"a\u007f"', []],
  ['"\u0100"', []],
  ['"a", *', []],
  ['*, "a"', []],
  ['* ', []],
]

for (const [value, entityTags] of lists) {
  t.test(`the list ${JSON.stringify(value)} holds ${JSON.stringify(entityTags)}`, async (t) => {
    t.same(parseEntityTags(value), entityTags)
  })
}

// RFC 9110, section 8.8.3.2, table 3
const comparisons: Array<[one: string, other: string, strong: boolean, weak: boolean]> = [
  ['W/"1"', 'W/"1"', false, true],
  ['W/"1"', 'W/"2"', false, false],
  ['W/"1"', '"1"', false, true],
  ['"1"', 'W/"1"', false, true],
  ['"1"', '"1"', true, true],
  ['"1"', '"2"', false, false],
]

for (const [one, other, strong, weak] of comparisons) {
  t.test(`${one} and ${other} match ${strong ? 'strongly' : weak ? 'weakly only' : 'not at all'}`, async (t) => {
    t.equal(matchesStrongly(one, other), strong)
    t.equal(matchesWeakly(one, other), weak)
  })
}

t.test('one entity tag is told from a list and from other text', async (t) => {
  for (const text of ['"a"', 'W/"a"', '""']) t.equal(isEntityTag(text), true, text)
  for (const text of ['', '*', 'a', '"a', '"a", "b"', ' "a"', 'Sun, 06 Nov 1994 08:49:37 GMT']) t.equal(isEntityTag(text), false, text)
})

const entityTag = fc.tuple(fc.constantFrom('', 'W/'), fc.string()).map(([prefix, text]) => `${prefix}"${text.replace(/[" ]/g, '')}"`)

t.test('every list of tags is read as it was written', async () => {
  fc.assert(fc.property(fc.array(entityTag), fc.constantFrom(',', ', ', ' , ', ',\t,'), (entityTags, separator) => {
    assert.deepEqual(parseEntityTags(entityTags.join(separator)), entityTags)
  }))
})

t.test('no text makes the reader throw, and what it reads are entity tags', async () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: codePoint }), fc.string({ unit: fc.constantFrom('"', 'W', '/', ',', ' ', 'a', '*') })), (value) => {
    const entityTags = parseEntityTags(value)
    return entityTags === '*' || entityTags.every(isEntityTag)
  }))
})
