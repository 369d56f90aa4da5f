import t from 'tap'
import type { KnownKey } from '../../../events/decision.js'
import type { ObjectChange } from '../../../events/notification.js'
import type { Observation } from '../../../events/order.js'
import { type ObservedKey, decideObservation } from '../../../reconcile/decision.js'

const CLOCK_SKEW_MS = 5_000
const seenAt = Date.UTC(2026, 10, 24)
const removed = { kind: 'removed' } as const
const created = (sizeBytes: number, entityTag?: string) => ({ kind: 'created', sizeBytes, entityTag }) as const

const parts = {
  orgKey: 'acme', workflowId: 'w', runId: 'r', createdBy: 'u', direction: 'inputs', token: 't', path: 'f',
} as const
const observed = (change: Observation['change'], revision?: string): ObservedKey =>
  ({ objectKey: 'key', parts, observation: { change, observedAt: new Date(seenAt) }, revision })
/** @param atMs after the bucket was seen */
const known = (change: ObjectChange, atMs: number): KnownKey => ({
  revision: 'known',
  state: { change, eventSource: 'minio:s3', eventTime: new Date(seenAt + atMs), sequencer: undefined, versionId: undefined },
})
const HOUR_MS = 3_600_000
const decide = (seen: ObservedKey, before: KnownKey | undefined, nowMs = seenAt + HOUR_MS) =>
  decideObservation(seen, before, CLOCK_SKEW_MS, new Date(nowMs))

t.test('a key becomes what the bucket was seen to hold where the catalogue says something else, and older', async (t) => {
  for (const [seen, before, outcome] of [
    [created(1), undefined, 'added'],
    [created(1), known(removed, -60_000), 'added'],
    [created(1), { state: undefined, revision: 'placeholder' }, 'added'],
    [created(1), known(created(2), -60_000), 'corrected'],
    [created(1, 'a'), known(created(1, 'b'), -60_000), 'corrected'],
    [removed, known(created(2), -60_000), 'removed'],
  ] as const) {
    const key = observed(seen)
    t.strictSame(decide(key, before), { next: { state: key.observation, eventTime: undefined }, outcome })
  }
})

t.test('a key stays if the catalogue agrees, even if a tag is unknown', async (t) => {
  for (const [seen, before] of [
    [removed, undefined], [removed, known(removed, 60_000)], [removed, { state: undefined, revision: 'placeholder' }],
    [created(1, 'a'), known(created(1), 0)], [created(1), known(created(1, 'a'), 60_000)],
  ] as const) t.strictSame(decide(observed(seen), before), { next: undefined, outcome: 'unchanged' })
})

t.test('a key is asked about where it changed later, also by a time that is far later, and where that cannot be told', async (t) => {
  for (const atMs of [CLOCK_SKEW_MS, CLOCK_SKEW_MS + 1, HOUR_MS]) {
    t.strictSame(decide(observed(removed), known(created(1), atMs)), { next: undefined, outcome: { ask: 'known' } })
  }
})

t.test('a key that is known from the future is asked about, and then is what the bucket says', async (t) => {
  const ahead = known(created(1), CLOCK_SKEW_MS + 1)
  for (const [seen, outcome] of [[removed, 'removed'], [created(2), 'corrected'], [created(1), 'unchanged']] as const) {
    t.strictSame(decide(observed(seen), ahead, seenAt), { next: undefined, outcome: { ask: 'known' } })
    const answered = observed(seen, 'known')
    t.strictSame(decide(answered, ahead, seenAt), { next: { state: answered.observation, eventTime: undefined }, outcome })
  }
})

t.test('what the bucket said about just this key holds for the revision that it was asked for, and for no other', async (t) => {
  t.equal(decide(observed(removed, 'known'), known(created(1), 0)).outcome, 'removed')
  t.strictSame(decide(observed(removed, 'an earlier one'), known(created(1), 0)).outcome, { ask: 'known' })
})
