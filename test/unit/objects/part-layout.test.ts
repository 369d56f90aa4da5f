import fc from 'fast-check'
import t from 'tap'
import {
  MULTIPART_MAX_BYTES, PARTS_MAX, PART_MAX_BYTES, PART_MIN_BYTES, PUT_MAX_BYTES, countParts, defaultPartSize, findPartFault,
  sizeOfPart,
} from '../../../objects/part-layout.js'

const sizes = fc.integer({ min: 1, max: MULTIPART_MAX_BYTES })
/** Layouts of few parts, so that all of them can be listed. */
const layouts = fc.record({ sizeBytes: fc.integer({ min: 1, max: 60 }), partSizeBytes: fc.integer({ min: 1, max: 7 }) })
type Layout = Parameters<typeof countParts>[0]

const wholeOf = (layout: Layout) => Array.from({ length: countParts(layout) }, (_, index) => (
  { partNumber: index + 1, sizeBytes: sizeOfPart(layout, index + 1), entityTag: `tag-${index + 1}` }))

t.test('bounds are those of Amazon S3', async (t) => {
  t.strictSame({ PART_MIN_BYTES, PART_MAX_BYTES, PARTS_MAX, PUT_MAX_BYTES, MULTIPART_MAX_BYTES }, {
    PART_MIN_BYTES: 5_242_880,
    PART_MAX_BYTES: 5_368_709_120,
    PARTS_MAX: 10_000,
    PUT_MAX_BYTES: 5_368_709_120,
    MULTIPART_MAX_BYTES: 5_497_558_138_880,
  })
})

t.test('parts of the default size are as many as S3 takes, and big enough', async () => {
  fc.assert(fc.property(sizes, (sizeBytes) => {
    const layout = { sizeBytes, partSizeBytes: defaultPartSize(sizeBytes) }
    const count = countParts(layout)
    return layout.partSizeBytes >= PART_MIN_BYTES && layout.partSizeBytes <= PART_MAX_BYTES && count <= PARTS_MAX &&
      (count - 1) * layout.partSizeBytes + sizeOfPart(layout, count) === sizeBytes
  }))
})

t.test('the parts of a file have its bytes, and none is empty', async () => {
  fc.assert(fc.property(layouts, (layout) => {
    const parts = wholeOf(layout)
    return parts.every(({ sizeBytes }) => sizeBytes > 0 && sizeBytes <= layout.partSizeBytes) &&
      parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) === layout.sizeBytes
  }))
})

t.test('a whole file has no fault, named or not', async () => {
  fc.assert(fc.property(layouts, (layout) => {
    const parts = wholeOf(layout)
    return findPartFault(layout, parts) === undefined && findPartFault(layout, parts, parts) === undefined
  }))
})

t.test('any part that is missing, of another size or beyond the last is a fault', async () => {
  fc.assert(fc.property(layouts, fc.nat(), fc.constantFrom('missing', 'shorter', 'longer', 'extra', 'doubled'), (layout, at, change) => {
    const parts = wholeOf(layout)
    const index = at % parts.length
    const part = parts[index]
    if (part === undefined) return false
    const resized = (by: number) => parts.with(index, { ...part, sizeBytes: part.sizeBytes + by })
    const changed = {
      missing: parts.toSpliced(index, 1),
      shorter: resized(-1),
      longer: resized(1),
      extra: [...parts, { ...part, partNumber: parts.length + 1 }],
      doubled: parts.toSpliced(index, 0, part),
    }[change]
    return findPartFault(layout, changed) !== undefined
  }))
})

t.test('parts that are named otherwise than they arrived are a fault', async () => {
  fc.assert(fc.property(layouts, fc.nat(), fc.constantFrom('missing', 'doubled', 'tag', 'number'), (layout, at, change) => {
    const parts = wholeOf(layout)
    const index = at % parts.length
    const part = parts[index]
    if (part === undefined) return false
    const stated = {
      missing: parts.toSpliced(index, 1),
      doubled: parts.toSpliced(index, 0, part),
      tag: parts.with(index, { ...part, entityTag: 'other' }),
      number: parts.with(index, { ...part, partNumber: part.partNumber + 1 }),
    }[change]
    return findPartFault(layout, parts, stated) !== undefined
  }))
})

t.test('the fault is told in words', async (t) => {
  const layout = { sizeBytes: 12, partSizeBytes: 5 }
  const [one, two, three] = wholeOf(layout)
  if (one === undefined || two === undefined || three === undefined) return
  t.equal(findPartFault(layout, [one, three]), 'part 2 of 3 has not arrived')
  t.equal(findPartFault(layout, [one, two, { ...three, sizeBytes: 5 }]), 'part 3 has 5 bytes instead of 2')
  t.equal(findPartFault(layout, [one, two, three, { ...three, partNumber: 4 }]), 'there is a part 4, and the file has 3')
  const parts = [one, two, three]
  t.equal(findPartFault(layout, parts, [one, three]), 'part 2 is not named in its place')
  t.equal(findPartFault(layout, parts, [one, two]), 'part 3 is not named in its place')
  t.equal(findPartFault(layout, parts, [one, { ...two, entityTag: 'other' }, three]), 'part 2 has arrived with another tag than the one named')
  t.equal(findPartFault(layout, parts, [...parts, three]), 'more parts are named than the file has')
})
