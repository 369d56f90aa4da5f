import t from 'tap'
import { applyRecords } from '../../../db/events/apply-records.js'
import { reserveUpload } from '../../../db/reservations.js'
import { auditSums } from '../../../db/usage/audit.js'
import type { Observation } from '../../../events/order.js'
import { parseObjectKey } from '../../../objects/object-key.js'
import { applyObservations } from '../../../reconcile/apply-observations.js'
import { emptyTables } from '../../support/database.js'
import { databaseKindsAndRole } from '../../support/role-database.js'

const CLOCK_SKEW_MS = 5_000
const bounds = { clockSkewMs: CLOCK_SKEW_MS, tombstoneRetentionMs: 30 * 24 * 3600 * 1000, isAmazonS3: false }
const startedAt = Date.now() - 3_600_000
const userId = '10000000-0000-4000-8000-000000000001'
const removed = { kind: 'removed' } as const
const created = (sizeBytes: number) => ({ kind: 'created', sizeBytes, entityTag: `tag-${sizeBytes}` }) as const

const keyOf = (name: string) =>
  `acme/workflows/${userId}/runs/${userId}/users/${userId}/inputs/AAAAAAAAAAAAAAAAAAAAAA/${name}`

function partsOf (objectKey: string) {
  const parts = parseObjectKey(objectKey)
  if (parts === undefined) throw new TypeError('The key is not valid.')
  return parts
}

/** @param atSeconds after the test's start time, which is an hour ago */
function seen (name: string, atSeconds: number, change: Observation['change']) {
  const objectKey = keyOf(name)
  return { objectKey, parts: partsOf(objectKey), observation: { change, observedAt: new Date(startedAt + atSeconds * 1000) } }
}

for (const { name, skip, create } of databaseKindsAndRole) {
  t.test(`observations on ${name}`, { skip }, async (t) => {
    const { database, connect, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))
    t.afterEach(async () => { t.strictSame(await auditSums(database), [], 'the sums are those of the rows') })
    const outcomesOf = async (...parameters: Parameters<typeof applyObservations>) =>
      (await applyObservations(...parameters)).map(({ outcome }) => outcome)
    const apply = (...observed: Array<ReturnType<typeof seen>>) => outcomesOf(database, observed, CLOCK_SKEW_MS)
    const counted = async () => await database.selectFrom('objects').select(['object_key', 'size_bytes'])
      .where('removed_at', 'is', null).orderBy('object_key').execute()

    t.test('a batch adds, corrects and removes, and leaves what is as it was seen', async (t) => {
      t.strictSame(await apply(...['a', 'b', 'c'].map((name) => seen(name, 0, created(1)))), ['added', 'added', 'added'])
      t.strictSame(
        await apply(seen('a', 60, created(5)), seen('b', 60, removed), seen('c', 60, created(1)), seen('d', 60, created(7)), seen('e', 60, removed)),
        ['corrected', 'removed', 'unchanged', 'added', 'unchanged'])
      t.strictSame(await counted(), [
        { object_key: keyOf('a'), size_bytes: 5n }, { object_key: keyOf('c'), size_bytes: 1n }, { object_key: keyOf('d'), size_bytes: 7n },
      ])
    })

    t.test('a file of another size than reserved is set aside as it is where an event tells of it', async (t) => {
      const reserve = (name: string) => reserveUpload(database, {
        objectKey: keyOf(name), orgKey: 'acme', createdBy: userId, sizeBytes: 10, contentType: 'text/plain', expiresInSeconds: 60,
      })
      await reserve('a')
      await reserve('b')
      const [applied] = await applyObservations(database, [seen('a', 0, created(11))], CLOCK_SKEW_MS)
      t.match(applied, { outcome: 'added', isSizeMismatch: true })
      const event = {
        objectKey: keyOf('b'),
        parts: partsOf(keyOf('b')),
        change: created(11),
        eventSource: 'minio:s3',
        eventTime: new Date(startedAt),
        sequencer: undefined,
        versionId: undefined,
      }
      t.strictSame(await applyRecords(database, [{ event, record: null }], bounds), [{ kind: 'not_as_reserved' }])
      const kept = await database.selectFrom('set_aside_events').select(['reason', 'record']).orderBy('id').execute()
      t.strictSame(kept.map(({ reason, record }) => [reason, JSON.parse(record)]), ['a', 'b'].map((name) =>
        ['size_not_as_promised', { objectKey: keyOf(name), promisedBytes: 10, sizeBytes: 11 }]))
      t.strictSame(await database.selectFrom('uploads').select('object_key').where('fulfilled_at', 'is', null).execute(), [])
    })

    t.test('what the database refuses to hold is told by itself, and all else is told as it was made', async (t) => {
      await apply(...Array.from({ length: 1_023 }, (_, index) => seen(`big-${index}`, 0, created(2 ** 53 - 1))))
      const outcomes = await apply(
        seen('x', 0, created(1)), seen('too-big', 0, created(2 ** 53 - 1)), seen('big-1', 60, created(2)), seen('gone', 0, removed),
        seen('too-big-2', 0, created(2 ** 53 - 1)), seen('too-big-3', 0, created(2 ** 53 - 1)))
      t.strictSame([outcomes[0], outcomes[2], outcomes[3]], ['added', 'corrected', 'unchanged'])
      t.ok([outcomes[1], outcomes[4], outcomes[5]].includes('refused'))
    })

    t.test('batches of several replicas that share keys end as one of them saw, and each key is added once', async (t) => {
      const replicas = [database, connect()]
      const names = Array.from({ length: 30 }, (_, index) => `key-${index}`)
      const batches = await Promise.all(Array.from({ length: 12 }, async (_, batch) => {
        const observed = names.map((name) => seen(name, batch * 60, created(batch + 1)))
        if (batch % 3 === 0) observed.reverse()
        return await outcomesOf(replicas[batch % 2] ?? database, observed, CLOCK_SKEW_MS)
      }))
      t.equal(batches.flat().filter((outcome) => outcome === 'added').length, names.length)
      t.strictSame(await counted(), names.toSorted().map((name) => ({ object_key: keyOf(name), size_bytes: 12n })))
    })
  })
}
