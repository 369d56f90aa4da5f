import t from 'tap'
import { createNotificationReader } from '../../../events/notification.js'
import { EventIntake, UnsettledKeyError } from '../../../events/intake.js'
import { type EventRecord, type PendingRecord, type RecordOutcome, isEventRecord } from '../../../events/pending-record.js'
import { BucketModel } from '../../support/bucket-model.js'

const keyOf = (name: string) => 'acme/workflows/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10/runs/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a11/' +
  `users/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a12/inputs/AAAAAAAAAAAAAAAAAAAAAA/${name}`
const bucket = new BucketModel('minio', { versioned: false, startedAt: new Date() })

function eventOn (name: string): EventRecord {
  const body = bucket.perform(keyOf(name), { kind: 'put', sizeBytes: 1, by: 'Put' }, { afterMs: 0, nodeClockErrorMs: 0 })
  const first = createNotificationReader({ bucket: bucket.name, isAmazonS3: false })(body)?.events[0]
  if (first === undefined) throw new Error('no event')
  return first
}

/** Returns `ask` for records without the wanted answer, and applies the others. */
const askUntil = (isAnswered: (record: EventRecord) => boolean) => async (records: PendingRecord[]): Promise<RecordOutcome[]> =>
  records.map((record) => {
    if (!isEventRecord(record)) return { kind: 'set_aside' }
    return isAnswered(record) ? { kind: 'applied' } : { kind: 'ask', revision: 'r' }
  })
const observe = async (objectKey: string) => bucket.observe(objectKey)

t.test('records that need no question are counted by what became of them', async (t) => {
  const intake = new EventIntake(askUntil(() => true), async () => { throw new Error('not to be asked') })
  t.strictSame(await intake.take([eventOn('a'), { reason: 'record_malformed', record: null }]), { appliedCount: 1, lateCount: 0, setAsideCount: 1, suspects: [] })
  t.equal(intake.queuedCount, 0)
})

t.test('it reports the records whose files may not be what uploads allowed: copies, other sizes, and late creations', async (t) => {
  const suspectsWhere = async (outcome: RecordOutcome, isCopy?: boolean) => {
    const intake = new EventIntake(async (records) => records.map(() => outcome), observe)
    const record = { ...eventOn('a'), isCopy }
    return (await intake.take([record])).suspects.length
  }
  t.equal(await suspectsWhere({ kind: 'applied' }), 0)
  t.equal(await suspectsWhere({ kind: 'applied' }, true), 1)
  t.equal(await suspectsWhere({ kind: 'not_as_reserved' }), 1)
  t.equal(await suspectsWhere({ kind: 'late' }), 1)
})

t.test('a record that only the bucket can settle is applied with its answer', async (t) => {
  const applied: PendingRecord[] = []
  const intake = new EventIntake(async (records) => {
    applied.push(...records)
    return await askUntil((record) => record.answer !== undefined)(records)
  }, observe)
  t.strictSame(await intake.take([eventOn('a')]), { appliedCount: 1, lateCount: 0, setAsideCount: 0, suspects: [] })
  t.match(applied, [{ answer: undefined }, { answer: { revision: 'r', observation: { change: { kind: 'created', sizeBytes: 1 } } } }])
})

t.test('if the bucket cannot be asked about one key, the others are settled all the same', async (t) => {
  const settled: string[] = []
  const intake = new EventIntake(async (records) => {
    const outcomes = await askUntil((record) => record.answer !== undefined)(records)
    for (const [index, record] of records.entries()) {
      if (outcomes[index]?.kind === 'applied' && isEventRecord(record)) settled.push(record.event.parts.path)
    }
    return outcomes
  }, async (objectKey) => {
    if (objectKey === keyOf('a')) throw new Error('the store is down')
    return await observe(objectKey)
  })
  await t.rejects(intake.take([eventOn('a'), eventOn('b')]), { message: 'the store is down' })
  t.strictSame(settled, ['b'])
})

t.test('a key that keeps changing is given up, for the sender to retry', async (t) => {
  let rounds = 0
  const intake = new EventIntake(async (records) => {
    rounds++
    return await askUntil(() => false)(records)
  }, observe)
  await t.rejects(intake.take([eventOn('a')]), UnsettledKeyError)
  t.equal(rounds, 8)
})
