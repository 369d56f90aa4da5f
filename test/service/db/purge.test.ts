import { sql } from 'kysely'
import t from 'tap'
import { purge } from '../../../db/purge.js'
import { reserveUpload } from '../../../db/reservations.js'
import { createServerDatabase, emptyTables, testDatabaseUrl } from '../../support/database.js'
import { databaseKindsAndRole } from '../../support/role-database.js'

const id = '00000000-0000-4000-8000-000000000001'
const DAY_MS = 24 * 60 * 60 * 1000
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS)
const old = daysAgo(3)
const recent = daysAgo(1)
const retention = { tombstonesMs: 2 * DAY_MS, uploadsMs: 2 * DAY_MS, setAsideEventsMs: 2 * DAY_MS, leasesMs: 2 * DAY_MS }
const row = (name: string, removedAt: Date | null) => ({
  object_key: name,
  org_key: 'acme',
  workflow_id: id,
  run_id: id,
  created_by: id,
  direction: 'inputs' as const,
  size_bytes: 0n,
  observed_at: new Date(),
  removed_at: removedAt,
  revision: id,
})
const upload = (objectKey: string, expiresInSeconds: number) =>
  ({ objectKey, orgKey: 'acme', createdBy: id, sizeBytes: undefined, contentType: 'text/plain', expiresInSeconds })
const lease = (name: string, expiresAt: Date) => ({ name, holder: id, token: 1n, expires_at: expiresAt })

for (const { name, skip, create } of databaseKindsAndRole) {
  t.test(`the purge on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))

    t.test('deletes what is older than its limit and leaves the rest', async (t) => {
      await database.insertInto('objects').values([row('old', old), row('recent', recent), row('present', null)]).execute()
      await reserveUpload(database, upload('old', -3 * DAY_MS / 1000))
      await reserveUpload(database, upload('recent', -DAY_MS / 1000))
      await database.insertInto('set_aside_events').values([
        { reason: 'old', record: '', received_at: old }, { reason: 'recent', record: '', received_at: recent },
      ]).execute()
      await database.insertInto('leases').values([
        lease('reconcile', old), lease('reconcile/old', old), lease('reconcile/recent', recent),
      ]).execute()
      t.strictSame(await purge(database, retention), { tombstones: 1, uploads: 1, setAsideEvents: 1, leases: 1, runSums: 0 })
      t.strictSame(await database.selectFrom('leases').select('name').orderBy('name').execute(),
        [{ name: 'reconcile' }, { name: 'reconcile/recent' }])
      t.strictSame(await database.selectFrom('objects').select('object_key').orderBy('object_key').execute(),
        [{ object_key: 'present' }, { object_key: 'recent' }])
      t.strictSame(await database.selectFrom('uploads').select('object_key').execute(), [{ object_key: 'recent' }])
      t.strictSame(await database.selectFrom('set_aside_events').select('reason').execute(), [{ reason: 'recent' }])
    })

    t.test('continues until nothing old is left, or until it is told to stop', async (t) => {
      await sql`
        insert into objects (object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, observed_at, removed_at, revision)
        select 'key-' || n, 'acme', ${id}, ${id}, ${id}, 'inputs', 0, now(), ${old}, ${id}
        from generate_series(1, 2500) as n`.execute(database)
      t.strictSame(await purge(database, retention, AbortSignal.abort()),
        { tombstones: 0, uploads: 0, setAsideEvents: 0, leases: 0, runSums: 0 })
      t.strictSame(await purge(database, retention), { tombstones: 2500, uploads: 0, setAsideEvents: 0, leases: 0, runSums: 0 })
    })

    t.test('forgets sums of runs that count nothing, and a run with its last sum', async (t) => {
      const run = async (digit: number) => (await database.insertInto('runs')
        .values({ org_key: 'acme', workflow_id: id, run_id: `${id.slice(0, -1)}${digit}`, prefix: '' })
        .returning('run_ref').executeTakeFirstOrThrow()).run_ref
      const [empty, halfEmpty, full] = [await run(1), await run(2), await run(3)]
      const sums = (runRef: bigint, direction: 'inputs' | 'outputs', fileCount: bigint) => ({
        run_ref: runRef, created_by: id, direction, size_bytes: fileCount, file_count: fileCount, first_seen_at: old,
      })
      await database.insertInto('run_sums').values([
        sums(empty, 'inputs', 0n), sums(empty, 'outputs', 0n), sums(halfEmpty, 'inputs', 0n), sums(halfEmpty, 'outputs', 1n),
        sums(full, 'inputs', 1n),
      ]).execute()
      t.match(await purge(database, retention), { runSums: 3 })
      t.strictSame(await database.selectFrom('runs').select('run_ref').orderBy('run_ref').execute(),
        [{ run_ref: halfEmpty }, { run_ref: full }])
      t.strictSame(await database.selectFrom('run_sums').select(['run_ref', 'direction']).orderBy('run_ref').execute(),
        [{ run_ref: halfEmpty, direction: 'outputs' }, { run_ref: full, direction: 'inputs' }])
      t.match(await purge(database, retention), { runSums: 0 })
    })
  })
}

t.test('the purge leaves rows that a batch of events has locked', { skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set' }, async (t) => {
  const { database, connect, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  await database.insertInto('objects').values([row('locked', old), row('free', old)]).execute()
  await connect().transaction().execute(async (transaction) => {
    await transaction.selectFrom('objects').select('revision').where('object_key', '=', 'locked').forUpdate().execute()
    t.match(await purge(database, retention), { tombstones: 1 })
  })
  t.strictSame(await database.selectFrom('objects').select('object_key').execute(), [{ object_key: 'locked' }])
})
