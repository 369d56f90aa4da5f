import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import t from 'tap'
import type { Database } from '../../../db/connection/tables.js'
import { claimDigests, keepVerifiedDigests } from '../../../db/digests.js'
import { type PurgeCounts, type PurgeRetention, purge } from '../../../db/purge.js'
import { createServerDatabase, emptyTables, testDatabaseUrl } from '../../support/database.js'
import { databaseKindsAndRole } from '../../support/role-database.js'

const id = '00000000-0000-4000-8000-000000000001'
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
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
const upload = (name: string, expiresAt: Date) =>
  ({ object_key: name, org_key: 'acme', created_by: id, content_type: 'text/plain', expires_at: expiresAt })
const lease = (name: string, expiresAt: Date) => ({ name, holder: id, token: 1n, expires_at: expiresAt })

const share = (note: string, expiresAt: Date) => ({
  id: randomUUID(), org_key: 'acme', made_by: id, kind: 'file' as const, note, created_at: expiresAt, expires_at: expiresAt,
})

// Each kind has its own retention, so that a mix-up would show.
const retention: PurgeRetention = {
  tombstonesMs: 2 * HOUR_MS,
  uploadsMs: 3 * HOUR_MS,
  setAsideEventsMs: 5 * HOUR_MS,
  leasesMs: 7 * HOUR_MS,
  sharesMs: 11 * HOUR_MS,
  verificationsMs: 11 * HOUR_MS,
}
const nothing: PurgeCounts = {
  tombstones: 0, uploads: 0, setAsideEvents: 0, leases: 0, shares: 0, verifications: 0, runSums: 0,
}

/** For what is purged by age: how long it is kept, how to insert a row of a given age, and the names of its rows. */
const kinds: Record<Exclude<keyof PurgeCounts, 'runSums'>, {
  keptMs: number
  insert: (database: Kysely<Database>, name: string, since: Date) => Promise<unknown>
  names: (database: Kysely<Database>) => Promise<Array<{ name: string }>>
}> = {
  tombstones: {
    keptMs: retention.tombstonesMs,
    insert: (database, name, since) => database.insertInto('objects').values(row(name, since)).execute(),
    names: (database) => database.selectFrom('objects').select('object_key as name').execute(),
  },
  uploads: {
    keptMs: retention.uploadsMs,
    insert: (database, name, since) => database.insertInto('uploads').values(upload(name, since)).execute(),
    names: (database) => database.selectFrom('uploads').select('object_key as name').execute(),
  },
  setAsideEvents: {
    keptMs: retention.setAsideEventsMs,
    insert: (database, name, since) =>
      database.insertInto('set_aside_events').values({ reason: name, record: '', received_at: since }).execute(),
    names: (database) => database.selectFrom('set_aside_events').select('reason as name').execute(),
  },
  leases: {
    keptMs: retention.leasesMs,
    insert: (database, name, since) => database.insertInto('leases').values(lease(`reconcile/${name}`, since)).execute(),
    names: async (database) => (await database.selectFrom('leases').select('name').execute())
      .map(({ name }) => ({ name: name.replace('reconcile/', '') })),
  },
  shares: {
    keptMs: retention.sharesMs,
    insert: (database, name, since) => database.insertInto('shares').values(share(name, since)).execute(),
    names: async (database) => (await database.selectFrom('shares').select('note').execute()).map(({ note }) => ({ name: note ?? '' })),
  },
  verifications: {
    keptMs: retention.verificationsMs,
    insert: (database, name, since) => database.insertInto('verifications').values({ scope: name, updated_at: since }).execute(),
    names: (database) => database.selectFrom('verifications').select('scope as name').execute(),
  },
}

for (const { name, skip, create } of databaseKindsAndRole) {
  t.test(`the purge on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))

    t.test('deletes what is older than the time that its kind is kept for, and leaves the rest', async (t) => {
      for (const { keptMs, insert } of Object.values(kinds)) {
        await insert(database, 'old', new Date(Date.now() - keptMs - MINUTE_MS))
        await insert(database, 'young', new Date(Date.now() - keptMs + MINUTE_MS))
      }
      t.strictSame(await purge(database, retention), {
        ...nothing, tombstones: 1, uploads: 1, setAsideEvents: 1, leases: 1, shares: 1, verifications: 1,
      })
      for (const [kind, { names }] of Object.entries(kinds)) t.strictSame(await names(database), [{ name: 'young' }], kind)
      t.strictSame(await purge(database, retention), nothing)
    })

    t.test('a selection goes with its share link', async (t) => {
      const made = (expiresAt: Date) => share('', expiresAt)
      const [old, young] = [made(new Date(0)), made(new Date())]
      await database.insertInto('shares').values([{ ...old, kind: 'selection' }, { ...young, kind: 'selection' }]).execute()
      await database.insertInto('selections').values([old, young].map(({ id }) => ({ share_id: id, object_keys: ['key'] }))).execute()
      t.match(await purge(database, retention), { shares: 1 })
      t.strictSame(await database.selectFrom('selections').select('share_id').execute(), [{ share_id: young.id }])
    })

    t.test('digests go with the file that they are of, and claims with the upload that brought none', async (t) => {
      const old = new Date(0)
      await database.insertInto('objects').values([row('gone', old), row('present', null)]).execute()
      await database.insertInto('uploads').values(['gone', 'present', 'never'].map((name) => upload(name, old))).execute()
      await database.insertInto('uploads').values(upload('awaited', new Date())).execute()
      for (const key of ['gone', 'present', 'never', 'awaited']) await claimDigests(database, key, { md5: '0'.repeat(32) }, [])
      await keepVerifiedDigests(database, 'gone', 'tag', { sha256: '0'.repeat(64) })
      t.match(await purge(database, retention), { tombstones: 1, uploads: 3 })
      t.strictSame(await database.selectFrom('digests').select('object_key').orderBy('object_key').execute(),
        [{ object_key: 'awaited' }, { object_key: 'present' }])
    })

    t.test('leaves files that are there, and leases of the whole, however old', async (t) => {
      const old = new Date(0)
      await database.insertInto('objects').values({ ...row('present', null), observed_at: old }).execute()
      await database.insertInto('leases').values(lease('reconcile', old)).execute()
      t.strictSame(await purge(database, retention), nothing)
      t.strictSame(await kinds.tombstones.names(database), [{ name: 'present' }])
      t.strictSame(await kinds.leases.names(database), [{ name: 'reconcile' }])
    })

    t.test('continues until nothing old is left, or until it is told to stop', async (t) => {
      await sql`
        insert into objects (object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, observed_at, removed_at, revision)
        select 'key-' || n, 'acme', ${id}, ${id}, ${id}, 'inputs', 0, now(), ${new Date(0)}, ${id}
        from generate_series(1, 2500) as n`.execute(database)
      t.strictSame(await purge(database, retention, AbortSignal.abort()), nothing)
      t.strictSame(await purge(database, retention), { ...nothing, tombstones: 2500 })
    })

    t.test('forgets sums of runs that count nothing, and a run with its last sum', async (t) => {
      const run = async (digit: number) => (await database.insertInto('runs')
        .values({ org_key: 'acme', workflow_id: id, run_id: `${id.slice(0, -1)}${digit}`, prefix: '' })
        .returning('run_ref').executeTakeFirstOrThrow()).run_ref
      const [empty, halfEmpty, full] = [await run(1), await run(2), await run(3)]
      const sums = (runRef: bigint, direction: 'inputs' | 'outputs', fileCount: bigint) => ({
        run_ref: runRef, created_by: id, direction, size_bytes: fileCount, file_count: fileCount, first_seen_at: new Date(0),
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
  await database.insertInto('objects').values([row('locked', new Date(0)), row('free', new Date(0))]).execute()
  await connect().transaction().execute(async (transaction) => {
    await transaction.selectFrom('objects').select('revision').where('object_key', '=', 'locked').forUpdate().execute()
    t.match(await purge(database, retention), { tombstones: 1 })
  })
  t.strictSame(await database.selectFrom('objects').select('object_key').execute(), [{ object_key: 'locked' }])
})
