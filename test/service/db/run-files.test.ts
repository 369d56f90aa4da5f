import { sql } from 'kysely'
import t from 'tap'
import { newRevision } from '../../../db/events/revision.js'
import { listFilesQuery } from '../../../db/run-files.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'

const run = 'acme/workflows/00000000-0000-4000-8000-000000000004/runs/00000000-0000-4000-9000-000000000007/'
const skip = testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set'

t.test('a page of a run is read in the order of the keys from the index, not sorted and not read on', { skip }, async (t) => {
  const { database, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  await sql`
    insert into objects (object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, observed_at, revision)
    select run || 'users/' || u || '/outputs/' || md5(n::text) || '/f', 'acme', u, u, u, 'outputs', 1, now(), ${newRevision()}::uuid
    from unnest(array[${`${run}0/`}, ${run}, ${`${run}1/`}]) as run, generate_series(1, 10000) as n,
      (select '00000000-0000-4000-8000-000000000004'::uuid as u) as users
    order by md5(n::text || run)`.execute(database)
  await sql`analyze objects`.execute(database)
  for (const after of [undefined, `${run}users/00000000-0000-4000-8000-000000000004/outputs/8`]) {
    const query = listFilesQuery(database, run, { after, maxFiles: 101 }).compile()
    const { rows } = await database.executeQuery<{ 'QUERY PLAN': string }>({
      ...query, sql: `explain (analyze, costs off, timing off, summary off, buffers off) ${query.sql}`,
    })
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    t.match(plan, /Index Scan using objects_pkey on objects[^\n]*actual rows=101(\.00)? /)
    t.match(plan, /Index Cond: \(\(object_key > [^\n]* AND \(object_key < /)
    t.notMatch(plan, /Sort/)
  }
})
