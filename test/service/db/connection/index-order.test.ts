import { sql } from 'kysely'
import t from 'tap'
import { newRevision } from '../../../../db/events/revision.js'
import { listCatalogue, listCatalogueQuery } from '../../../../db/reconcile/catalogue-listing.js'
import { listFiles, listFilesQuery } from '../../../../db/run-files.js'
import { createServerDatabase, testDatabaseUrl } from '../../../support/database.js'

const ROWS = 20_000
const MAX_FILES = 1_000
const run = 'acme/workflows/00000000-0000-4000-8000-000000000004/runs/00000000-0000-4000-9000-000000000007/'
const skip = testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set'

t.test('pages are not sorted where PostgreSQL has no statistics of a table that has grown', { skip }, async (t) => {
  const { database, connect, url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  await sql`alter table objects set (autovacuum_enabled = false)`.execute(database)
  await sql`
    insert into objects (object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, observed_at, revision)
    select ${run} || 'users/' || u || '/outputs/' || md5(n::text) || '/f', 'acme', u, u, u, 'outputs', 1, now(), ${newRevision()}::uuid
    from generate_series(1, ${ROWS}::integer) as n, (select '00000000-0000-4000-8000-000000000004'::uuid as u) as users`.execute(database)
  // A page is too big to be sorted in memory, and sorting elsewhere is not allowed.
  const name = sql.id(new URL(url ?? '').pathname.slice(1))
  await sql`alter database ${name} set work_mem = '64kB'`.execute(database)
  await sql`alter database ${name} set temp_file_limit = 0`.execute(database)
  const unable = connect()

  await t.test('the catalogue\'s', async (t) => {
    await t.rejects(listCatalogueQuery(unable, run, '').execute(), { code: '53400' }, 'by themselves, they would be')
    let count = 0
    for await (const page of listCatalogue(unable, { prefix: run, startAfter: '' })) count += page.length
    t.equal(count, ROWS)
  })

  await t.test('a run\'s', async (t) => {
    const page = { after: undefined, maxFiles: MAX_FILES }
    await t.rejects(listFilesQuery(unable, run, page).execute(), { code: '53400' }, 'by themselves, they would be')
    const { files, hasMore } = await listFiles(unable, run, page)
    t.equal(files.length, MAX_FILES)
    t.equal(hasMore, true)
  })
})
