import { sql } from 'kysely'
import t from 'tap'
import { migrateToLatest } from '../../../../db/connection/migrate.js'
import { objectIndexes } from '../../../../db/migrations/0009-runs.js'
import { backfillRuns, finishBackfill, readBackfillProgress } from '../../../../db/runs/backfill.js'
import { makeObjectIndexes } from '../../../../db/runs/indexes.js'
import { auditSums } from '../../../../db/usage/audit.js'
import { parseObjectKey } from '../../../../objects/object-key.js'
import { applyObservations } from '../../../../reconcile/apply-observations.js'
import {
  downgradeToFirstVersion, writeEventAsFirstVersion, writeObservationAsFirstVersion,
} from '../../../support/earlier-build.js'
import { createServerDatabase, lockWaits, testDatabaseUrl } from '../../../support/database.js'
import { databaseKindsAndRole } from '../../../support/role-database.js'

const indexNames = objectIndexes.map(({ name }) => name)
const idOf = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`
const keyOf = (name: string, run = 1, user = 1) =>
  `acme/workflows/${idOf(1)}/runs/${idOf(run)}/users/${idOf(user)}/outputs/AAAAAAAAAAAAAAAAAAAAAA/${name}`

for (const { name, skip, create } of databaseKindsAndRole) {
  t.test(`files that are there before runs are counted, on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    const sumsOfRuns = async () => await database.selectFrom('run_sums').innerJoin('runs', 'runs.run_ref', 'run_sums.run_ref')
      .select(['run_id', 'created_by', 'size_bytes', 'file_count', 'prefix']).orderBy('run_id').orderBy('created_by').execute()
    const sumOf = (run: number, user: number, sizeBytes: bigint, fileCount: bigint) => ({
      run_id: idOf(run),
      created_by: idOf(user),
      size_bytes: sizeBytes,
      file_count: fileCount,
      prefix: `acme/workflows/${idOf(1)}/runs/${idOf(run)}/`,
    })
    const indexes = async () => (await sql<{ name: string }>`
      select indexname as name from pg_indexes where indexname = any(${indexNames}::text[])`.execute(database)).rows.map(({ name }) => name)

    await downgradeToFirstVersion(database)
    await writeEventAsFirstVersion(database, keyOf('a'), 10)
    await writeEventAsFirstVersion(database, keyOf('b'), 20)
    await writeEventAsFirstVersion(database, keyOf('c', 1, 2), 30)
    await writeObservationAsFirstVersion(database, keyOf('d', 2), 40)
    await writeEventAsFirstVersion(database, keyOf('e', 2), 50)
    await writeEventAsFirstVersion(database, keyOf('e', 2), null)
    await migrateToLatest(database)

    t.strictSame(await readBackfillProgress(database), { placedCount: 0, isFinished: false }, 'the migration counts none of them')
    t.strictSame(await sumsOfRuns(), [])
    t.strictSame(await indexes(), [], 'nor does it make indexes')

    await writeEventAsFirstVersion(database, keyOf('b'), 21)
    await writeObservationAsFirstVersion(database, keyOf('f', 3), 60)
    t.strictSame(await sumsOfRuns(), [sumOf(1, 1, 21n, 1n), sumOf(3, 1, 60n, 1n)], 'what a build of 0.1 writes is counted at once')
    t.strictSame(await auditSums(database), [])

    t.strictSame(await backfillRuns(database, 1), { placedCount: 1, hasMore: true })
    t.strictSame(await backfillRuns(database, 1), { placedCount: 0, hasMore: true }, 'and not once more')
    t.strictSame(await auditSums(database), [])
    const parts = parseObjectKey(keyOf('d', 2))
    if (parts === undefined) throw new TypeError('The key is not valid.')
    await applyObservations(database, [{
      objectKey: keyOf('d', 2), parts, observation: { change: { kind: 'created', sizeBytes: 41, entityTag: 'new' }, observedAt: new Date(Date.now() + 60_000) },
    }], 5_000)
    t.strictSame(await sumsOfRuns(), [sumOf(1, 1, 31n, 2n), sumOf(2, 1, 41n, 1n), sumOf(3, 1, 60n, 1n)],
      'a file that this build changes before the backfill reaches it counts whole')
    for (let hasMore = true; hasMore;) hasMore = (await backfillRuns(database, 2)).hasMore
    t.strictSame(await readBackfillProgress(database), { placedCount: 2, isFinished: false })
    t.strictSame(await sumsOfRuns(),
      [sumOf(1, 1, 31n, 2n), sumOf(1, 2, 30n, 1n), sumOf(2, 1, 41n, 1n), sumOf(3, 1, 60n, 1n)])
    t.strictSame(await auditSums(database), [])

    const { signal } = new AbortController()
    t.strictSame(await makeObjectIndexes(database, { unbounded: database, signal }), indexNames)
    t.strictSame(await makeObjectIndexes(database, { unbounded: database, signal }), [], 'one that is there is not made again')
    t.strictSame((await indexes()).sort(), [...indexNames].sort())
    await finishBackfill(database)
    t.match(await readBackfillProgress(database), { isFinished: true })

    await writeEventAsFirstVersion(database, keyOf('a'), 5)
    await writeEventAsFirstVersion(database, keyOf('c', 1, 2), null)
    await writeObservationAsFirstVersion(database, keyOf('f', 3), null)
    await writeObservationAsFirstVersion(database, keyOf('f', 3), 7)
    t.strictSame(await sumsOfRuns(),
      [sumOf(1, 1, 26n, 2n), sumOf(1, 2, 0n, 0n), sumOf(2, 1, 41n, 1n), sumOf(3, 1, 7n, 1n)], 'builds of 0.1 may go on')
    t.strictSame(await auditSums(database), [])
    t.strictSame(await database.selectFrom('objects').select(['path']).where('run_ref', 'is not', null).orderBy('path').execute(),
      ['a', 'b', 'd', 'f'].map((path) => ({ path })))
  })

  t.test(`an empty catalogue needs no backfill (${name})`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.strictSame(await readBackfillProgress(database), { placedCount: 0, isFinished: true })
    t.strictSame(await makeObjectIndexes(database, { unbounded: database, signal: new AbortController().signal }), [])
  })
}

t.test('an index that is given up half-made is made again', { skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set' }, async (t) => {
  const { database, connect, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  await downgradeToFirstVersion(database)
  await writeEventAsFirstVersion(database, keyOf('a'), 10)
  await migrateToLatest(database)
  const stopping = new AbortController()
  await connect().transaction().execute(async (transaction) => {
    // The first index waits for anyone who is writing.
    await transaction.updateTable('objects').set({ entity_tag: 'new' }).execute()
    const making = makeObjectIndexes(database, { unbounded: connect(), signal: stopping.signal })
    const refused = t.rejects(making, { code: '57014' })
    await lockWaits(database)
    stopping.abort()
    await refused
  })
  const { signal } = new AbortController()
  await t.rejects(makeObjectIndexes(database, { unbounded: database, signal: stopping.signal }), 'and none is begun')
  t.strictSame(await makeObjectIndexes(database, { unbounded: database, signal }), indexNames)
  t.strictSame(await makeObjectIndexes(database, { unbounded: database, signal }), [])
})
