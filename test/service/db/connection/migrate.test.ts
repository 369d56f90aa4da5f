import { sql } from 'kysely'
import t from 'tap'
import { migrateToLatest } from '../../../../db/connection/migrate.js'
import { createServerDatabase, databaseKinds, testDatabaseUrl } from '../../../support/database.js'
import { admin, member, runId, startService, workflowId } from '../../../support/service.js'
import { openEmbeddedStore } from '../../../support/stores.js'

for (const { kind, skip, create } of databaseKinds) {
  t.test(`a newer build's migrations are named and left alone (${kind})`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    await sql`insert into kysely_migration values ('9998-future', ${new Date().toISOString()}), ('9999-future', ${new Date().toISOString()})`.execute(database)
    t.strictSame(await migrateToLatest(database), { applied: [], newer: ['9998-future', '9999-future'] })
    t.equal((await sql`select from kysely_migration where name like '%-future'`.execute(database)).rows.length, 2)
  })
}

t.test('of replicas that start at once on an empty database, one makes the tables', {
  skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set',
}, async (t) => {
  const { database, connect, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  await sql`drop schema public cascade; create schema public`.execute(database)
  const outcomes = await Promise.all(Array.from({ length: 6 }, async () => await migrateToLatest(connect())))
  t.equal(outcomes.filter(({ applied }) => applied.length > 0).length, 1)
})

t.test('an older build works beside a newer schema that only adds', { skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set' }, async (t) => {
  const { database, url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  await sql`alter table objects add column digest text, add column size_class text not null default 'small'`.execute(database)
  await sql`create table deletions (id uuid primary key, org_key text not null)`.execute(database)
  await sql`create index objects_by_digest on objects (digest)`.execute(database)
  await sql`insert into kysely_migration values ('9999-future', ${new Date().toISOString()})`.execute(database)
  const store = await openEmbeddedStore()
  t.teardown(() => store.close())
  const { app, log, authorise, putFile } = await startService(t, { ...store.environment, DATABASE_URL: url })
  t.equal(log.filter((line) => line.includes('newer schema than this build')).length, 1)
  t.strictSame((await app.inject('/health/ready')).json(), { status: 'ready', parts: { objectStorage: 'up', database: 'up' } })

  const upload = await app.inject({
    method: 'POST',
    url: '/api/v1/objects/uploads',
    headers: authorise(member),
    payload: { workflowId, runId, direction: 'outputs', fileName: 'a.txt', contentType: 'text/plain' },
  })
  t.equal(upload.statusCode, 201)
  const objectKey = await putFile('x'.repeat(100))
  const run = await app.reconciliation.start({ prefix: 'acme/' })
  t.match(await run?.done, { addedCount: 1 })
  const usage = async () => (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(admin) })).json()
  t.match(await usage(), { totalBytes: 100, fileCount: 1 })
  const deleted = await app.inject({
    method: 'DELETE', url: `/api/v1/objects?objectKey=${encodeURIComponent(objectKey)}`, headers: authorise(admin),
  })
  t.equal(deleted.statusCode, 200)
  t.match(await usage(), { totalBytes: 0, fileCount: 0 })
  const history = await app.inject({ url: '/api/v1/objects/storage-usage/history', headers: authorise(admin) })
  t.equal(history.statusCode, 200)
})
