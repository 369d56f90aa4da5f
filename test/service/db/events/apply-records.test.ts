import { mock } from 'node:test'
import { type Kysely, sql } from 'kysely'
import t from 'tap'
import { apply } from '../../../../db/events/apply.js'
import { applyRecords } from '../../../../db/events/apply-records.js'
import { type ReadObjectRow, readObjects } from '../../../../db/events/object-rows.js'
import { purge } from '../../../../db/purge.js'
import { auditSums } from '../../../../db/usage/audit.js'
import type { Database } from '../../../../db/connection/tables.js'
import { databaseNow, epochMs } from '../../../../db/connection/time.js'
import { readStorageUsage } from '../../../../db/usage/storage-usage.js'
import { reserveUpload } from '../../../../db/reservations.js'
import type { BucketEvent, ObjectChange } from '../../../../events/notification.js'
import type { Observation } from '../../../../events/order.js'
import { parseObjectKey } from '../../../../objects/object-key.js'
import type { EventRecord, PendingRecord, RecordOutcome } from '../../../../events/pending-record.js'
import { createServerDatabase, emptyTables, lockWaits, testDatabaseUrl } from '../../../support/database.js'
import { databaseKindsAndRole } from '../../../support/role-database.js'

const DAY_MS = 24 * 3600 * 1000
const bounds = { clockSkewMs: 5_000, tombstoneRetentionMs: 30 * DAY_MS, isAmazonS3: false }
const startedAt = Date.now() - 3600_000
const removed = { kind: 'removed' } as const
const unclear = { kind: 'unclear' } as const
const applied: RecordOutcome = { kind: 'applied' }
const late: RecordOutcome = { kind: 'late' }
const setAside: RecordOutcome = { kind: 'set_aside' }
const notAsReserved: RecordOutcome = { kind: 'not_as_reserved' }
const created = (sizeBytes: number) => ({ kind: 'created', sizeBytes, entityTag: `tag-${sizeBytes}` }) as const

const workflowOf = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`
const userId = '10000000-0000-4000-8000-000000000001'
const keyOf = (name: string, workflow = 1) =>
  `acme/workflows/${workflowOf(workflow)}/runs/${workflowOf(9)}/users/${userId}/inputs/AAAAAAAAAAAAAAAAAAAAAA/${name}`

/** @param atSeconds after the test's start time, which is an hour ago */
function event (objectKey: string, atSeconds: number, change: ObjectChange, more: Partial<BucketEvent> = {}): EventRecord {
  const parts = parseObjectKey(objectKey)
  if (parts === undefined) throw new TypeError('The key is not valid.')
  const eventTime = new Date(startedAt + atSeconds * 1000)
  return {
    event: { objectKey, parts, change, eventSource: 'minio:s3', eventTime, sequencer: undefined, versionId: undefined, ...more },
    record: { of: objectKey, atSeconds },
  }
}

const seen = (atSeconds: number, change: Observation['change']): Observation =>
  ({ change, observedAt: new Date(startedAt + atSeconds * 1000) })

async function rowOf (database: Kysely<Database>, objectKey: string): Promise<ReadObjectRow | undefined> {
  return (await readObjects(database, [objectKey]))[0]
}

for (const { name, skip, create } of databaseKindsAndRole) {
  t.test(`records on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))
    t.afterEach(async () => { t.strictSame(await auditSums(database), [], 'the sums are those of the rows') })
    const apply = (...records: PendingRecord[]) => applyRecords(database, records, bounds)
    const usage = async () => {
      const { totalBytes, fileCount } = await readStorageUsage(database, { orgKey: 'acme' })
      return [totalBytes, fileCount]
    }
    const reasons = async () => (await database.selectFrom('set_aside_events').select(['reason', 'record']).orderBy('id').execute())
    const a = keyOf('a')

    t.test('usage follows a file that is created, overwritten by bigger, smaller and empty ones, and removed', async (t) => {
      for (const [atSeconds, sizeBytes] of [[0, 10], [10, 25], [20, 4], [30, 0]] as const) {
        t.strictSame(await apply(event(a, atSeconds, created(sizeBytes))), [applied])
        t.strictSame(await usage(), [sizeBytes, 1])
      }
      await apply(event(a, 40, removed))
      t.strictSame(await usage(), [0, 0])
      await apply(event(a, 50, created(7)))
      t.strictSame(await usage(), [7, 1])
    })

    t.test('when the newest event was counted stays, for older ones and others', async (t) => {
      const [b, c] = [keyOf('b'), keyOf('c')]
      const others = keyOf('a').replace('acme', 'globex')
      const clock = async () => {
        const { rows: [row] } = await sql<{ ms: bigint }>`select ${epochMs(databaseNow)} as ms`.execute(database)
        return Number(row?.ms)
      }
      const forget = () => database.updateTable('usage_sums').set({ newest_event_counted_at: null }).execute()
      /** The newest event's time, and whether it was counted just now; null where that is not known. */
      const applyAndRead = async (records: EventRecord[], orgKey = 'acme') => {
        const began = await clock()
        await apply(...records)
        const { asOf, countedAt } = await readStorageUsage(database, { orgKey })
        const isNew = countedAt === null ? null : countedAt.getTime() >= began && countedAt.getTime() <= await clock()
        return [asOf === null ? null : (asOf.getTime() - startedAt) / 1000, isNew]
      }
      t.strictSame(await applyAndRead([event(a, 600, created(10)), event(b, 0, created(1))]), [600, true])
      await forget()
      const untimed = event(c, 0, created(3), { eventTime: undefined })
      for (const record of [event(b, 540, created(2)), event(b, 600, removed), untimed]) {
        t.strictSame(await applyAndRead([record]), [600, null], 'nothing newer was counted')
      }
      t.strictSame(await applyAndRead([event(others, 1800, created(5))]), [600, null])
      t.strictSame(await applyAndRead([event(others, 1900, created(6))], 'globex'), [1900, true])
      t.strictSame(await applyAndRead([event(a, 1200, removed)]), [1200, true])
      await forget()
      t.strictSame(await applyAndRead([event(a, 3000, created(1))]), [3000, true], 'where it was not known, it is from then on')
    })

    t.test('a removal that arrives first keeps the creation out that arrives later', async (t) => {
      await apply(event(a, 20, removed))
      await apply(event(a, 0, created(10)))
      t.strictSame(await usage(), [0, 0])
      t.ok((await rowOf(database, a))?.removed_at_ms, 'a tombstone')
    })

    t.test('records of one key in one batch are taken together', async (t) => {
      const records = [event(a, 20, created(2)), event(a, 40, created(4)), event(a, 0, created(8)), event(keyOf('b'), 0, created(1))]
      t.strictSame(await apply(...records), records.map(() => applied))
      t.strictSame(await usage(), [5, 2])
    })

    t.test('what was applied before changes nothing when it comes again', async (t) => {
      await apply(event(a, 0, created(1)), event(a, 20, created(2)))
      const before = await rowOf(database, a)
      await apply(event(a, 20, created(2)), event(a, 0, created(1)))
      t.strictSame(await rowOf(database, a), before)
    })

    t.test('a key that is asked about counts as before, and nothing where it was not known', async (t) => {
      await apply(event(a, 0, created(10)))
      const before = await rowOf(database, a)
      t.strictSame(await apply(event(a, 1, removed)), [{ kind: 'ask', revision: before?.revision }])
      t.strictSame(await rowOf(database, a), before)
      const b = keyOf('b')
      const [outcome] = await apply(event(b, 0, unclear))
      const placeholder = await rowOf(database, b)
      t.strictSame(outcome, { kind: 'ask', revision: placeholder?.revision })
      t.match(placeholder, { size_bytes: 0n, removed_at_ms: BigInt, event_time_ms: null, observed_at_ms: null })
      t.strictSame(await usage(), [10, 1])
    })

    t.test('the bucket\'s answer settles what was asked, and later events are ordered against it', async (t) => {
      const removal = event(a, 1, removed)
      await apply(event(a, 0, created(10)))
      const revision = (await rowOf(database, a))?.revision ?? ''
      t.strictSame(await apply({ ...removal, answer: { revision, observation: seen(2, created(30)) } }), [applied])
      t.strictSame(await usage(), [30, 1])
      t.strictSame(await apply(event(a, -10, removed)), [late], 'older: ignored')
      t.match(await apply(event(a, 4, removed)), [{ kind: 'ask' }], 'too close')
      t.strictSame(await usage(), [30, 1])
      await apply(event(a, 20, removed))
      t.strictSame(await usage(), [0, 0], 'newer: applied')
    })

    t.test('an answer is ignored if the row has changed since it was asked for', async (t) => {
      const first = event(a, 1, removed)
      await apply(event(a, 0, created(10)))
      const revision = (await rowOf(database, a))?.revision ?? ''
      // While the bucket's answer of second 2 was in transit, another replica applied what happened at second 20.
      await apply(event(a, 20, created(99)))
      t.strictSame(await apply({ ...first, answer: { revision, observation: seen(2, removed) } }), [late])
      t.strictSame(await usage(), [99, 1])
    })

    t.test('an event that came while the bucket was being asked is ordered against the answer', async (t) => {
      await apply(event(a, 0, created(10)))
      const revision = (await rowOf(database, a))?.revision ?? ''
      const answered = { ...event(a, 1, removed), answer: { revision, observation: seen(2, removed) } }
      const outcomes = await apply(answered, event(a, 3, created(5)))
      t.strictSame(outcomes, [applied, { kind: 'ask', revision: (await rowOf(database, a))?.revision }])
      t.strictSame(await usage(), [0, 0])
      t.not((await rowOf(database, a))?.revision, revision)
    })

    t.test('answers of the same second that contradict each other are void', async (t) => {
      await apply(event(a, 0, created(10)))
      const revision = (await rowOf(database, a))?.revision ?? ''
      const answer = (change: Observation['change']) => ({ ...event(a, 1, removed), answer: { revision, observation: seen(2, change) } })
      t.match(await apply(answer(removed), answer(created(3))), [{ kind: 'ask' }, { kind: 'ask' }])
      t.strictSame(await apply(answer(removed), answer(removed)), [applied, applied])
      t.strictSame(await usage(), [0, 0])
    })

    t.test('the figures are as of the newest event, in whatever order events come', async (t) => {
      const asOfSeconds = async () => {
        const { asOf } = await readStorageUsage(database, { orgKey: 'acme' })
        return asOf === null ? undefined : (asOf.getTime() - startedAt) / 1000
      }
      await apply(event(a, 20, created(1)))
      t.equal(await asOfSeconds(), 20)
      await apply(event(keyOf('b'), 0, created(1)))
      t.equal(await asOfSeconds(), 20, 'an older one of another file')
      await apply(event(a, 40, removed))
      t.equal(await asOfSeconds(), 40)
      await apply(event(keyOf('c'), 10, created(1)), event(keyOf('b'), 30, created(2)))
      t.equal(await asOfSeconds(), 40)
    })

    t.test('a removal leaves a reservation as it is where no upload has arrived', async (t) => {
      await reserveUpload(database, {
        objectKey: a, orgKey: 'acme', createdBy: userId, sizeBytes: 10, contentType: 'text/plain', expiresInSeconds: 3600,
      })
      await apply(event(a, 0, removed))
      t.match(await database.selectFrom('uploads').select(['object_key', sql<boolean>`fulfilled_at is null`.as('is_open')]).execute(),
        [{ object_key: a, is_open: true }])
    })

    t.test('a file counts even if its tombstone had no sums', async (t) => {
      await apply(event(a, 0, removed))
      await database.deleteFrom('usage_sums').execute()
      await apply(event(a, 20, created(10)))
      t.strictSame(await usage(), [10, 1])
    })

    t.test('an event older than any tombstone asks the bucket', async (t) => {
      t.match(await apply(event(a, -31 * 24 * 3600, created(10))), [{ kind: 'ask' }])
    })

    t.test('an upload that arrives as reserved fulfils its reservation', async (t) => {
      const reserve = (objectKey: string, sizeBytes: number | undefined) => reserveUpload(database, {
        objectKey, orgKey: 'acme', createdBy: userId, sizeBytes, contentType: 'text/plain', expiresInSeconds: 0,
      })
      await reserve(a, 10)
      await reserve(keyOf('b'), undefined)
      await reserve(keyOf('c'), 1)
      t.strictSame(await apply(event(a, 0, created(10)), event(keyOf('b'), 0, created(7))), [applied, applied])
      const open = await database.selectFrom('uploads').select('object_key').where('fulfilled_at', 'is', null).execute()
      t.strictSame(open, [{ object_key: keyOf('c') }])
      t.strictSame(await reasons(), [])
    })

    t.test('an upload of another size than reserved counts as it is, and is set aside once', async (t) => {
      await reserveUpload(database, {
        objectKey: a, orgKey: 'acme', createdBy: userId, sizeBytes: 10, contentType: 'text/plain', expiresInSeconds: 0,
      })
      t.strictSame(await apply(event(a, 0, created(11)), event(keyOf('b'), 0, created(1))), [notAsReserved, applied])
      t.strictSame(await apply(event(a, 0, created(11))), [late])
      t.strictSame(await apply(event(a, 60, created(9))), [applied], 'the URL has expired: this is not an upload')
      t.strictSame(await apply(event(a, 120, created(11))), [applied])
      t.strictSame(await usage(), [12, 2])
      const [kept, ...others] = await reasons()
      t.equal(kept?.reason, 'size_not_as_promised')
      t.strictSame(JSON.parse(kept?.record ?? ''), { objectKey: a, promisedBytes: 10, sizeBytes: 11 })
      t.strictSame(others, [])
    })

    t.test('while its URL can be used, every file under the key is held to what was reserved', async (t) => {
      await reserveUpload(database, {
        objectKey: a, orgKey: 'acme', createdBy: userId, sizeBytes: 10, contentType: 'text/plain', expiresInSeconds: 3600,
      })
      const isOpen = async () =>
        await database.selectFrom('uploads').select('object_key').where('fulfilled_at', 'is', null).executeTakeFirst() !== undefined
      t.strictSame(await apply(event(a, 0, created(10))), [applied])
      t.notOk(await isOpen())
      t.strictSame(await apply(event(a, 60, created(11))), [notAsReserved])
      t.strictSame(await apply(event(a, 120, removed)), [applied])
      t.ok(await isOpen(), 'the URL can put it again')
      t.strictSame(await apply(event(a, 180, created(10))), [applied])
      t.notOk(await isOpen())
    })

    t.test('what cannot be understood is kept with its reason, cut to a bound, and the rest is applied', async (t) => {
      const deep: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000))
      const outcomes = await apply(
        { reason: 'record_malformed', record: { long: 'x'.repeat(10_000) } }, { reason: 'body_malformed', record: 'NUL \0 here' },
        { reason: 'body_malformed', record: undefined }, { reason: 'body_malformed', record: deep }, event(a, 0, created(1)))
      t.strictSame(outcomes, [setAside, setAside, setAside, setAside, applied])
      const kept = await reasons()
      t.strictSame(kept.map(({ reason }) => reason), ['record_malformed', 'body_malformed', 'body_malformed', 'body_malformed'])
      t.strictSame(kept.slice(0, 3).map(({ record }) => record.slice(0, 20)), ['{"long":"xxxxxxxxxxx', 'NUL \uFFFD here', ''])
      // Node.js 26 writes any depth; older versions run out of stack.
      t.match(kept[3]?.record, /^(?:nested too deeply|\[{8192})$/)
      t.equal(kept[0]?.record.length, 8 * 1024)
    })

    t.test('what the database refuses to hold is set aside by itself', async (t) => {
      await apply(...Array.from({ length: 1_023 }, (_, index) => event(keyOf(`big-${index}`), 0, created(2 ** 53 - 1))))
      const records = ['x', 'y', 'z'].map((name) => event(keyOf(name, 2), 0, created(1)))
      records.splice(1, 0, event(keyOf('big'), 0, created(2 ** 53 - 1)), event(keyOf('too-big'), 0, created(2 ** 53 - 1)))
      const outcomes = await apply(...records)
      t.equal(outcomes.filter(({ kind }) => kind === 'set_aside').length, 1)
      t.match(await reasons(), [{ reason: 'refused_by_database' }])
      const left = await database.selectFrom('objects').select('object_key').where('workflow_id', '=', workflowOf(2)).execute()
      t.equal(left.length, 3)
    })
  })
}

t.test('several replicas', { skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set' }, async (t) => {
  const { database, connect, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  const other = connect()

  t.test('batches that share keys and sums in opposite orders get through without one deadlock', async (t) => {
    const keys = Array.from({ length: 60 }, (_, index) => keyOf(`key-${index % 20}`, 1 + Math.floor(index / 20)))
    let undone = 0
    let second = 0
    const batch = (order: number, replica: Kysely<Database>) => {
      const records = keys.map((objectKey, index) => event(objectKey, ++second, index % 3 === 0 ? removed : created(order)))
      if (order % 2 === 1) records.reverse()
      return applyRecords(replica, records, { ...bounds, clockSkewMs: 0 }, {
        onRepeat: (cause) => { if (cause === 'undone') undone++ },
      })
    }
    const batches = Array.from({ length: 40 }, (_, order) => batch(order, order % 4 < 2 ? database : other))
    t.ok((await Promise.all(batches)).flat().every(({ kind }) => kind === 'applied' || kind === 'late'))
    t.equal(undone, 0)
    t.strictSame(await auditSums(database), [])
  })

  t.test('a batch that the server undoes for a deadlock is applied again', async (t) => {
    const keys = ['a', 'b', 'c'].map((name) => keyOf(`deadlock-${name}`))
    const [first = '', middle = '', last = ''] = keys
    await applyRecords(database, keys.map((objectKey) => event(objectKey, 0, created(1))), bounds)
    const lock = (transaction: Kysely<Database>, objectKey: string) => transaction.selectFrom('objects').select('revision')
      .where('object_key', '=', objectKey).forUpdate().execute()
    const causes: string[] = []
    let batch: Promise<RecordOutcome[]> = Promise.resolve([])
    await other.transaction().execute(async (transaction) => {
      // The connection that waits last checks for a deadlock last, and finds it: that should be the batch, however slow the
      // rest is.
      await sql`set local deadlock_timeout = '1h'`.execute(transaction)
      await lock(transaction, last)
      let firstLocked: Promise<unknown> = Promise.resolve()
      await connect().transaction().execute(async (holder) => {
        await lock(holder, middle)
        batch = applyRecords(database, keys.map((objectKey) => event(objectKey, 20, created(2))), bounds, {
          onRepeat: (cause) => { causes.push(cause) },
        })
        await lockWaits(database, 1)
        firstLocked = lock(transaction, first)
        await lockWaits(database, 2)
      })
      await firstLocked
    })
    t.strictSame(await batch, [applied, applied, applied])
    t.ok(causes.includes('undone'))
  })
})

t.test('a tombstone is as old as the database\'s clock says, so that one a slow replica wrote is not purged at once', {
  skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set',
}, async (t) => {
  const { database, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  t.teardown(() => { mock.timers.reset() })
  mock.timers.enable({ apis: ['Date'], now: Date.now() - 40 * DAY_MS })
  const { event: { objectKey, parts } } = event(keyOf('a'), 0, removed)
  const next = { state: seen(0, removed), eventTime: undefined }
  await apply(database, [{ objectKey, parts }], () => ({ next, outcome: undefined }))
  const retention = {
    tombstonesMs: 30 * DAY_MS,
    uploadsMs: DAY_MS,
    setAsideEventsMs: DAY_MS,
    leasesMs: DAY_MS,
    sharesMs: DAY_MS,
    verificationsMs: DAY_MS,
  }
  t.match(await purge(database, retention), { tombstones: 0 })
  t.match(await rowOf(database, objectKey), { removed_at_ms: BigInt })
})
