import fc from 'fast-check'
import t from 'tap'
import type { BucketEvent, ObjectChange } from '../../../events/notification.js'
import { type KnownState, type Observation, compareStates, settle } from '../../../events/order.js'
import { type ObjectKeyParts, parseObjectKey } from '../../../objects/object-key.js'

const objectKey = 'acme/workflows/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10/runs/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a11/users/' +
  '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a12/inputs/AAAAAAAAAAAAAAAAAAAAAA/f'
const now = new Date('2026-11-24T12:00:00Z')
const DAY_MS = 24 * 3600 * 1000
const bounds = { clockSkewMs: 5_000, tombstoneRetentionMs: 30 * DAY_MS, isAmazonS3: true }
const removed: ObjectChange = { kind: 'removed' }
const created = (sizeBytes: number): Extract<ObjectChange, { kind: 'created' }> => ({ kind: 'created', sizeBytes, entityTag: undefined })

function partsOf (key: string): ObjectKeyParts {
  const parts = parseObjectKey(key)
  if (parts === undefined) throw new TypeError('The key is not valid.')
  return parts
}

/** @param atMs after half an hour before `now` */
function event (atMs: number, change: ObjectChange, more: Partial<BucketEvent> = {}): BucketEvent & { eventTime: Date } {
  return {
    objectKey,
    parts: partsOf(objectKey),
    change,
    eventSource: 'minio:s3',
    sequencer: undefined,
    versionId: undefined,
    ...more,
    eventTime: new Date(now.getTime() - 1_800_000 + atMs),
  }
}

function observation (atMs: number, change: Observation['change']): Observation {
  return { change, observedAt: event(atMs, change).eventTime }
}

const order = (left: KnownState, right: KnownState) => compareStates(left, right, bounds)
const aws = (atMs: number, sequencer: string) => event(atMs, created(1), { eventSource: 'aws:s3', sequencer })

t.test('Amazon\'s sequencers order events whatever their times say', async (t) => {
  // Left-padded, or as numbers, the second and third pair would come out the other way round.
  for (const [earlier, later] of [
    ['0055AED6DCD90281E5', '0055AED6DCD90281E6'], ['0055AED6DCD9028A1', '0055AED6DCD9028B'], ['0055AED6DCD9028B', '0055AED6DCD9028B1'],
    ['0055aed6dcd9028a', '0055AED6DCD9028B'],
  ]) {
    t.equal(order(aws(0, later ?? ''), aws(60_000, earlier ?? '')), 'newer')
    t.equal(order(aws(60_000, earlier ?? ''), aws(0, later ?? '')), 'older')
  }
})

t.test('Amazon\'s events with equal, padded or missing sequencers are ordered by time, if at all', async (t) => {
  for (const [one, other] of [
    ['0055AED6DCD90281E5', '0055AED6DCD90281E5'], ['0055AED6DCD90281E5', '0055AED6DCD90281E50'], ['0055AED6DCD90281E5', ''],
    ['0055AED6DCD90281XY', '0055AED6DCD90281E5'],
  ]) {
    t.equal(order(aws(10_000, one ?? ''), aws(0, other ?? '')), 'newer')
    t.equal(order(aws(1_000, one ?? ''), aws(0, other ?? '')), 'unknown')
  }
})

t.test('a count that calls itself Amazon\'s decides nothing', async (t) => {
  const inTheirOrder = [['1', '2'], ['2', '10'], ['F', '10'], ['10', '1']]
  for (const [earlier, later] of inTheirOrder) {
    t.equal(order(aws(1_000, later ?? ''), aws(0, earlier ?? '')), 'unknown', 'too short to be Amazon\'s')
    t.equal(order(aws(10_000, later ?? ''), aws(0, earlier ?? '')), 'newer')
  }
  const elsewhere = { ...bounds, isAmazonS3: false }
  const [one, other] = [aws(0, '0055AED6DCD90281E6'), aws(10_000, '0055AED6DCD90281E5')]
  t.equal(compareStates(one, other, elsewhere), 'older', 'nor any, where the store is not known to be Amazon\'s')
  t.equal(compareStates(one, aws(1_000, '0055AED6DCD90281E5'), elsewhere), 'unknown')
})

t.test('time decides only where it is further apart than clocks may be', async (t) => {
  t.equal(order(event(5_001, removed), event(0, created(1))), 'newer')
  t.equal(order(event(0, removed), event(5_001, created(1))), 'older')
  t.equal(order(event(5_000, removed), event(0, created(1))), 'unknown')
  t.equal(order(event(0, removed), event(0, created(1))), 'unknown')
})

t.test('sequencers other than Amazon\'s decide nothing', async (t) => {
  // Recorded from Ceph RGW 16: the deletion came a second after the creation, and sorts before it.
  const ceph = { eventSource: 'ceph:s3' }
  const creation = event(0, created(9), { ...ceph, sequencer: 'AA66056B0517A233' })
  t.equal(order(event(900, removed, { ...ceph, sequencer: 'AB66056B1652271F' }), creation), 'unknown')
  t.equal(order(event(900, removed, { sequencer: '2' }), event(0, created(1), { sequencer: '1' })), 'unknown')
  t.equal(order(aws(900, '2'), event(0, created(1), { sequencer: '1' })), 'unknown', 'nor between vendors')
})

t.test('an event that was delivered twice is one event', async (t) => {
  const one = event(0, created(1), { sequencer: '1', versionId: 'v' })
  t.equal(order(one, { ...one, eventTime: new Date(one.eventTime) }), 'same')
  for (const difference of [
    { change: created(2) }, { change: { ...created(1), entityTag: 'a' } }, { change: removed }, { sequencer: '2' }, { versionId: 'w' },
    { eventSource: 'ceph:s3' },
  ]) t.equal(order(one, { ...one, ...difference }), 'unknown')
})

t.test('an event without a time cannot be ordered but by Amazon\'s sequencers', async (t) => {
  const untimed = { ...event(0, created(1), { sequencer: '1' }), eventTime: undefined }
  t.equal(order(untimed, event(60_000, removed)), 'unknown')
  t.equal(order(event(60_000, removed), untimed), 'unknown')
  t.equal(order(observation(60_000, removed), untimed), 'unknown')
  t.equal(order(untimed, { ...untimed }), 'same')
  const numbered = { ...aws(0, '0055AED6DCD90281E5'), eventTime: undefined }
  t.equal(order(aws(0, '0055AED6DCD90281E6'), numbered), 'newer')
})

t.test('an event and a look into the bucket are ordered by time', async (t) => {
  t.equal(order(event(5_001, removed), observation(0, created(1))), 'newer')
  t.equal(order(event(0, removed), observation(5_001, created(1))), 'older')
  t.equal(order(event(1_000, removed), observation(0, created(1))), 'unknown')
})

const settled = (known: KnownState | undefined, events: BucketEvent[]) => settle(known, events, bounds, now)

t.test('a key is what its last event says', async (t) => {
  const events = [event(0, created(1)), event(20_000, removed), event(40_000, created(3))]
  t.strictSame(settled(undefined, events), { outcome: 'event', event: events[2] })
  t.strictSame(settled(events[1], [...events].reverse()), { outcome: 'event', event: events[2] })
})

t.test('old news and repetitions change nothing', async (t) => {
  const known = event(20_000, created(1))
  t.strictSame(settled(known, [event(0, removed), { ...known }]), { outcome: 'unchanged' })
  t.strictSame(settled(observation(20_000, removed), [event(0, created(1))]), { outcome: 'unchanged' })
})

t.test('the bucket is asked where the last two changes cannot be ordered, and only then', async (t) => {
  const close = [event(0, created(1)), event(1_000, removed)]
  t.strictSame(settled(undefined, close), { outcome: 'ask' })
  t.strictSame(settled(close[0], [event(1_000, removed)]), { outcome: 'ask' })
  const later = event(20_000, created(2))
  t.strictSame(settled(undefined, [...close, later]), { outcome: 'event', event: later })
  t.strictSame(settled(undefined, [later, ...close]), { outcome: 'event', event: later })
})

t.test('the bucket is asked where the last change does not say what the key is', async (t) => {
  const unclear = event(20_000, { kind: 'unclear' })
  t.strictSame(settled(event(0, created(1)), [unclear]), { outcome: 'ask' })
  const later = event(40_000, created(1))
  t.strictSame(settled(undefined, [unclear, later]), { outcome: 'event', event: later })
})

t.test('the bucket is asked about an event without a time, whatever else is known', async (t) => {
  const untimed: BucketEvent = { ...event(0, created(1)), eventTime: undefined }
  for (const known of [undefined, event(0, created(1)), observation(0, removed)]) {
    t.strictSame(settled(known, [untimed]), { outcome: 'ask' })
    t.strictSame(settled(known, [event(60_000, created(2)), untimed, { ...untimed }]), { outcome: 'ask' })
  }
})

t.test('an event from so long ago that a tombstone may be gone is not believed where nothing is known', async (t) => {
  const old = event(-30 * DAY_MS, created(1))
  t.strictSame(settled(undefined, [old]), { outcome: 'ask' })
  t.strictSame(settled(event(-40 * DAY_MS, removed), [old]), { outcome: 'event', event: old })
  const recent = event(-29 * DAY_MS, created(1))
  t.strictSame(settled(undefined, [recent]), { outcome: 'event', event: recent })
})

t.test('an event is believed until an hour before the tombstone that it may need could be gone', async (t) => {
  const ofAge = (ageMs: number) => event(1_800_000 - ageMs, created(1))
  const oldestMs = bounds.tombstoneRetentionMs - 60 * 60 * 1000
  t.match(settled(undefined, [ofAge(oldestMs)]), { outcome: 'event' })
  t.strictSame(settled(undefined, [ofAge(oldestMs + 1)]), { outcome: 'ask' })
})

t.test('an event from the future is not believed, and cannot outdate what comes after it', async (t) => {
  const future = event(DAY_MS, created(1))
  t.strictSame(settled(undefined, [future]), { outcome: 'ask' })
  t.strictSame(settled(event(0, created(1)), [future, event(20_000, removed)]), { outcome: 'ask' })
})

t.test('times ahead of now are believed up to the bound, and those of the past always', async (t) => {
  const inMs = (ms: number) => 1_800_000 + ms
  const within = event(inMs(bounds.clockSkewMs), created(1))
  t.strictSame(settled(undefined, [within]), { outcome: 'event', event: within })
  t.strictSame(settled(undefined, [event(inMs(bounds.clockSkewMs + 1), created(1))]), { outcome: 'ask' })
  const backlog = event(-20 * DAY_MS, created(1))
  t.strictSame(settled(undefined, [backlog]), { outcome: 'event', event: backlog })
})

t.test('what is known from the future does not outdate what comes after it', async (t) => {
  for (const known of [event(1_800_000 + 600_000, created(1)), observation(1_800_000 + 600_000, created(1))]) {
    t.strictSame(settled(known, [event(1_800_000, removed)]), { outcome: 'ask' })
  }
})

t.test('the order of arrival makes no difference, nor do repetitions', async () => {
  const arbitraryEvent = fc.record({
    atMs: fc.constantFrom(0, 1_000, 4_000, 7_000, 20_000),
    change: fc.constantFrom<ObjectChange[]>(created(0), created(1), removed, { kind: 'unclear' }),
    sequencer: fc.constantFrom('0061ABCD00000001', '0061ABCD00000002', '0061ABCD00000003'),
  })
  fc.assert(fc.property(
    fc.constantFrom('aws:s3', 'minio:s3', 'ceph:s3'), fc.array(arbitraryEvent, { minLength: 1, maxLength: 5 }),
    fc.array(fc.nat(), { minLength: 15, maxLength: 15 }), fc.boolean(),
    (eventSource, given, places, isKnown) => {
      // Amazon gives every change of a key its own sequencer.
      const events = given.map(({ atMs, change, sequencer }, index) =>
        event(atMs, change, { eventSource, sequencer: eventSource === 'aws:s3' ? sequencer + index : sequencer }))
      const known = isKnown ? observation(4_000, created(1)) : undefined
      const shuffled = [...events, ...events, ...events]
        .map((one, index) => ({ one, place: places[index] ?? 0 })).sort((left, right) => left.place - right.place)
        .map(({ one }) => one)
      const [first, second] = [settled(known, events), settled(known, shuffled)].map((settlement) => JSON.stringify(settlement))
      if (first !== second) throw new Error(`${first} became ${second}`)
    }), { numRuns: 2_000 })
})
