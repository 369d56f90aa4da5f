import t from 'tap'
import { agree, isSameChange, isSameFile } from '../../../events/same-change.js'

const file = (sizeBytes: number, entityTag?: string) => ({ sizeBytes, entityTag })
const created = (sizeBytes: number, entityTag?: string) => ({ kind: 'created', sizeBytes, entityTag }) as const
const removed = { kind: 'removed' } as const
const unclear = { kind: 'unclear' } as const

/** Whether a symmetric relation holds; checks that it gives the same in both directions. */
function both<Value> (relation: (left: Value, right: Value) => boolean, one: Value, other: Value): boolean | undefined {
  const [forwards, backwards] = [relation(one, other), relation(other, one)]
  return forwards === backwards ? forwards : undefined
}

t.test('a file is the same by its size and its entity tag, of which one may not be known', async (t) => {
  for (const [one, other, same] of [
    [file(1, 'a'), file(1, 'a'), true], [file(1, 'a'), file(1), true], [file(1), file(1), true],
    [file(1, 'a'), file(1, 'b'), false], [file(1, 'a'), file(2, 'a'), false], [file(1), file(2), false], [file(1, 'a'), file(2), false],
  ] as const) {
    t.equal(both(isSameFile, one, other), same)
    t.equal(both(agree, created(one.sizeBytes, one.entityTag), created(other.sizeBytes, other.entityTag)), same)
  }
})

t.test('sources agree if both say that there is none, and never if only one does', async (t) => {
  t.equal(agree(removed, removed), true)
  t.equal(both(agree, removed, created(0)), false)
  t.equal(both(agree, removed, unclear), false)
  t.equal(both(agree, created(0), unclear), false)
})

t.test('a report is the same only in every detail', async (t) => {
  t.equal(isSameChange(created(1, 'a'), created(1, 'a')), true)
  t.equal(isSameChange(created(1), created(1)), true)
  t.equal(isSameChange(removed, removed), true)
  t.equal(both(isSameChange, created(1, 'a'), created(1)), false, 'though they agree')
  t.equal(both(isSameChange, created(1, 'a'), created(2, 'a')), false)
  t.equal(both(isSameChange, created(1), removed), false)
})
