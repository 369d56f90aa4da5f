import assert from 'node:assert/strict'
import t from 'tap'
import { type KnownKey, decideRecords } from '../../../events/decision.js'
import type { BucketEvent, ObjectChange } from '../../../events/notification.js'
import type { Observation } from '../../../events/order.js'
import type { EventRecord } from '../../../events/pending-record.js'
import { parseObjectKey } from '../../../objects/object-key.js'

const objectKey = 'acme/workflows/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10/runs/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a11/users/' +
  '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a12/inputs/AAAAAAAAAAAAAAAAAAAAAA/f'
const parts = parseObjectKey(objectKey)
const now = new Date('2026-11-24T12:00:00Z')
const bounds = { clockSkewMs: 5_000, tombstoneRetentionMs: 30 * 24 * 3600 * 1000, isAmazonS3: false }
const stamp = { revision: 'new', now }
const removed = { kind: 'removed' } as const
const created = (sizeBytes: number, entityTag?: string) => ({ kind: 'created', sizeBytes, entityTag }) as const
const at = (second: number) => new Date(now.getTime() - 600_000 + second * 1000)

function event (second: number, change: ObjectChange): BucketEvent {
  if (parts === undefined) throw new TypeError('The key is not valid.')
  return { objectKey, parts, change, eventSource: 'minio:s3', eventTime: at(second), sequencer: undefined, versionId: undefined }
}

const record = (second: number, change: ObjectChange): EventRecord => ({ event: event(second, change), record: { second } })
/** A record that the bucket was asked about, and the bucket's answer. */
const answered = (second: number, change: Observation['change'], revision = 'old', eventSecond = 0): EventRecord =>
  ({ ...record(eventSecond, { kind: 'unclear' }), answer: { observation: { change, observedAt: at(second) }, revision } })
const known = (state: KnownKey['state']): KnownKey => ({ state, revision: 'old' })
const decide = (key: KnownKey | undefined, ...records: EventRecord[]) => {
  const { next, outcome } = decideRecords(key, records, bounds, stamp)
  assert.deepEqual(outcome.map((each) => each.record), records, 'each record has its outcome, in order')
  return {
    next,
    outcomes: outcome.map(({ outcome }) => outcome),
    sources: outcome.flatMap(({ isSource }, index) => isSource ? [index] : []),
  }
}
const applied = { kind: 'applied' }
const late = { kind: 'late' }
const ask = (revision: string) => ({ kind: 'ask', revision })

t.test('a key becomes what its last event says, and all its events count as applied', async (t) => {
  const [first, last] = [record(0, created(1)), record(20, created(2))]
  const next = { state: last.event, eventTime: at(20) }
  for (const key of [undefined, known(undefined), known(event(-20, removed))]) {
    t.strictSame(decide(key, last), { next, outcomes: [applied], sources: [0] })
    t.strictSame(decide(key, first, last), { next, outcomes: [applied, applied], sources: [1] })
    t.strictSame(decide(key, last, first), { next, outcomes: [applied, applied], sources: [0] })
  }
})

t.test('what says nothing new is late, and the key stays as it is', async (t) => {
  const unchanged = { next: undefined, outcomes: [late, late], sources: [] }
  t.strictSame(decide(known(event(20, created(1))), record(0, removed), record(20, created(1))), unchanged)
  t.strictSame(decide(known({ change: removed, observedAt: at(20) }), record(0, created(1)), record(1, removed)), unchanged)
})

t.test('what cannot be ordered is asked of the bucket, for the revision that the key has', async (t) => {
  t.strictSame(decide(known(event(0, created(1))), record(1, removed)), { next: undefined, outcomes: [ask('old')], sources: [] })
  t.strictSame(decide(known(event(0, created(1))), record(20, { kind: 'unclear' }), record(21, removed)),
    { next: undefined, outcomes: [ask('old'), ask('old')], sources: [] })
})

t.test('a key that is not known becomes known by the question, without a state', async (t) => {
  t.strictSame(decide(undefined, record(0, { kind: 'unclear' })),
    { next: { state: undefined, eventTime: undefined }, outcomes: [ask('new')], sources: [] })
  t.strictSame(decide(known(undefined), record(0, { kind: 'unclear' })), { next: undefined, outcomes: [ask('old')], sources: [] })
})

t.test('an answer settles what was asked about, whatever the key was before', async (t) => {
  const answer = answered(30, created(7), 'old', 3)
  for (const state of [undefined, event(0, created(1)), { change: removed, observedAt: at(60) }]) {
    t.strictSame(decide(known(state), answer),
      { next: { state: answer.answer?.observation, eventTime: at(3) }, outcomes: [applied], sources: [0] })
  }
})

t.test('an answer for another revision, or about a key that is no longer known, is ignored', async (t) => {
  t.strictSame(decide(known(event(0, created(1))), answered(30, created(7), 'older', 20)),
    { next: undefined, outcomes: [ask('old')], sources: [] })
  t.strictSame(decide(undefined, answered(30, created(7))),
    { next: { state: undefined, eventTime: undefined }, outcomes: [ask('new')], sources: [] })
  const [stale, fresh] = [answered(40, created(7), 'older', 20), answered(30, created(8), 'old', 20)]
  t.strictSame(decide(known(event(0, created(1))), stale, fresh),
    { next: { state: fresh.answer?.observation, eventTime: at(20) }, outcomes: [late, applied], sources: [1] })
})

t.test('of several answers the latest counts', async (t) => {
  const answers = [answered(31, created(1)), answered(33, created(3)), answered(32, removed)]
  t.strictSame(decide(known(undefined), ...answers),
    { next: { state: answers[1]?.answer?.observation, eventTime: at(0) }, outcomes: [applied, applied, applied], sources: [1] })
})

t.test('answers of one second that agree are one, and where they contradict each other the bucket is asked again', async (t) => {
  const [one, same] = [answered(30, created(1)), answered(30, created(1))]
  t.match(decide(known(undefined), one, same),
    { next: { state: one.answer?.observation }, outcomes: [applied, applied], sources: [0] })
  for (const other of [created(2), removed, created(1, 'a')]) {
    t.strictSame(decide(known(undefined), one, answered(30, other)),
      { next: undefined, outcomes: [ask('old'), ask('old')], sources: [] })
  }
})

t.test('events that nobody asked about are ordered against the answer', async (t) => {
  const answer = answered(30, created(1), 'old', 29)
  const newer = record(60, removed)
  t.strictSame(decide(known(undefined), answer, newer),
    { next: { state: newer.event, eventTime: at(60) }, outcomes: [applied, applied], sources: [1] })
  t.strictSame(decide(known(undefined), record(0, removed), answer),
    { next: { state: answer.answer?.observation, eventTime: at(29) }, outcomes: [late, applied], sources: [1] })
  t.strictSame(decide(known(undefined), answer, record(31, removed)),
    { next: { state: answer.answer?.observation, eventTime: at(29) }, outcomes: [applied, ask('new')], sources: [0] })
})
