import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type CompiledQuery, type Kysely, type RawBuilder, type Transaction, sql } from 'kysely'
import t from 'tap'
import type { Database } from '../../../db/connection/tables.js'
import { preparedName } from '../../../db/connection/prepared-statement.js'
import { filesForArchiveQuery } from '../../../db/runs/archived-files.js'
import { listFoldersQuery } from '../../../db/runs/folders.js'
import { listRunsQuery } from '../../../db/runs/workflow-runs.js'
import { largestFilesQuery } from '../../../db/usage/largest-files.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'

const id = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`
const skip = testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set'

/** A node of a plan, as returned by `explain (format json)`. */
interface PlanNode {
  'Node Type': string
  'Index Name'?: string
  'CTE Name'?: string
  'Subplan Name'?: string
  Plans?: PlanNode[]
}

/** 20,000 files of two organisations, by three users each, in folders of ten runs, among 2,000 runs of two workflows. */
async function fill (database: Kysely<Database>): Promise<void> {
  await sql`
    insert into runs (org_key, workflow_id, run_id, prefix)
    select
      org, ('00000000-0000-4000-8000-00000000000' || 1 + run % 2)::uuid, ('00000000-0000-4000-8000-' || lpad(run::text, 12, '0'))::uuid, ''
    from generate_series(0, 1999) as run, unnest(array['acme', 'globex']) as org`.execute(database)
  await sql`
    insert into objects (
      object_key, org_key, workflow_id, run_id, created_by, direction, run_ref, path, size_bytes, observed_at, revision)
    select
      of_run || created_by || md5(n::text) || path, org_key, workflow_id, run_id, created_by::uuid, 'outputs', run_ref, path,
      n * 10000, now(), 'ffffffff-ffff-8000-8000-000000000000'
    from (
      select
        n, '00000000-0000-4000-8000-00000000000' || n % 3 as created_by, n % 7 || '/' || n % 11 || '/' || n % 13 || '/' || n as path,
        runs.*, org_key || workflow_id || run_id as of_run
      from runs, generate_series(1, 1000) as n where run_ref <= 20
    ) as files`.execute(database)
  await sql`
    insert into digests (object_key, algorithm, is_verified, entity_tag, value)
    select object_key, 'crc32', true, 'tag', '\\x00000000' from objects`.execute(database)
  await sql`
    insert into run_sums
    select run_ref, created_by, direction, sum(size_bytes), count(*), min(observed_at) from objects
    group by run_ref, created_by, direction`.execute(database)
  await sql`
    insert into run_sums
    select run_ref, ('00000000-0000-4000-8000-00000000000' || run_ref % 3)::uuid, 'outputs', 1, 1, now() from runs where run_ref > 20`
    .execute(database)
  await sql`
    insert into usage_sums (org_key, workflow_id, created_by, direction, size_bytes, file_count)
    select org_key, workflow_id, created_by, direction, sum(size_bytes), count(*) from objects
    group by org_key, workflow_id, created_by, direction`.execute(database)
  await sql`vacuum analyze`.execute(database)
}

/** A plan's nodes, with the indexes that they read, but without costs. */
function shapeOf (node: PlanNode, depth = 0): string {
  const { 'Node Type': type, 'Index Name': index, 'CTE Name': part, 'Subplan Name': subplan, Plans: plans = [] } = node
  const line = `${'  '.repeat(depth)}${type}${index === undefined ? '' : ` using ${index}`}${part === undefined ? '' : ` on ${part}`}` +
    (subplan === undefined ? '' : ` (${subplan.replace(/ \(.*/, '')})`)
  return [line, ...plans.map((plan) => shapeOf(plan, depth + 1))].join('\n')
}

async function planOf (transaction: Transaction<Database>, query: CompiledQuery): Promise<PlanNode | undefined> {
  const { rows: [row] } = await transaction.executeQuery<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>({
    ...query, sql: `explain (format json) ${query.sql}`,
  })
  return row?.['QUERY PLAN'][0].Plan
}

/** The plan that does not depend on parameters. */
async function planOfPrepared (
  transaction: Transaction<Database>, { sql: text, parameters }: CompiledQuery,
): Promise<PlanNode | undefined> {
  await sql`set local plan_cache_mode = force_generic_plan`.execute(transaction)
  await sql`prepare planned as ${sql.raw(text)}`.execute(transaction)
  const execution = sql`execute planned(${sql.join(parameters.map((parameter) => sql.lit(parameter)))})`
  const plan = await planOf(transaction, execution.compile(transaction))
  await sql`deallocate planned`.execute(transaction)
  return plan
}

t.test('every list is read as it was reviewed', { skip }, async (t) => {
  const { database, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  await fill(database)
  const raw = (query: RawBuilder<unknown>) => query.compile(database)
  const run = { orgKey: 'acme', workflowId: id(1), runId: id(4) }
  const runs = { orgKey: 'acme', workflowId: id(1) }
  /** Those with `inIndexOrder` are read by `readInIndexOrder`. */
  const statements: Record<string, { query: CompiledQuery, inIndexOrder: boolean }> = {
    'list-runs': {
      query: raw(listRunsQuery({ ...runs, createdBy: undefined, sort: 'firstSeen' }, { after: `1 ${id(1)}`, limit: 101 })), inIndexOrder: true,
    },
    'list-runs-of-a-user': {
      query: raw(listRunsQuery({ ...runs, createdBy: id(1), sort: 'firstSeen' }, { after: undefined, limit: 101 })), inIndexOrder: true,
    },
    'list-runs-by-id': {
      query: raw(listRunsQuery({ ...runs, createdBy: undefined, sort: 'id' }, { after: `0 ${id(1)}`, limit: 101 })), inIndexOrder: true,
    },
    'list-runs-of-a-user-by-id': {
      query: raw(listRunsQuery({ ...runs, createdBy: id(1), sort: 'id' }, { after: undefined, limit: 101 })), inIndexOrder: true,
    },
    'list-folders': {
      query: raw(listFoldersQuery(
        { ...run, createdBy: undefined, prefix: '1/', hasFolders: true, hasSums: true }, { after: `1 ${id(1)} 1/1/1`, limit: 100 })),
      inIndexOrder: true,
    },
    'list-folders-of-a-user': {
      query: raw(listFoldersQuery(
        { ...run, createdBy: id(1), prefix: '', hasFolders: true, hasSums: true }, { after: undefined, limit: 100 })),
      inIndexOrder: true,
    },
    'list-paths': {
      query: raw(listFoldersQuery(
        { ...run, createdBy: undefined, prefix: '1/', hasFolders: false, hasSums: false }, { after: undefined, limit: 100 })),
      inIndexOrder: true,
    },
    'files-for-archive': {
      query: raw(filesForArchiveQuery(
        { ...run, createdBy: id(1), direction: undefined, prefix: '1/' }, { after: { path: '1/1', hash: '1', object_key: 'key' }, limit: 1000 })),
      inIndexOrder: true,
    },
    'largest-files': {
      query: raw(largestFilesQuery(
        { orgKey: 'acme', createdBy: undefined }, { after: '2000000 1', limit: 101 })),
      inIndexOrder: true,
    },
    'largest-files-of-a-user': {
      query: raw(largestFilesQuery({ orgKey: 'acme', createdBy: id(1) }, { after: undefined, limit: 101 })),
      inIndexOrder: true,
    },
  }
  mkdirSync(new URL('golden/plans/', import.meta.url), { recursive: true })
  const { rows: [server] } = await sql<{ version: string }>`
    select current_setting('server_version_num')::int / 10000 as version`.execute(database)
  const version = server?.version ?? ''
  for (const [name, { query, inIndexOrder }] of Object.entries(statements)) {
    const plan = await database.transaction().execute(async (transaction) => {
      if (inIndexOrder) await sql`set local enable_sort = off`.execute(transaction)
      return preparedName(query.sql) === undefined ? await planOf(transaction, query) : await planOfPrepared(transaction, query)
    })
    if (plan === undefined) throw new Error('PostgreSQL gave no plan.')
    // One with a version is for a plan that PostgreSQL of that version makes differently.
    const ofVersion = new URL(`golden/plans/${name}.${version}.txt`, import.meta.url)
    const file = existsSync(ofVersion) ? ofVersion : new URL(`golden/plans/${name}.txt`, import.meta.url)
    const text = `${shapeOf(plan)}\n`
    if (process.env.GOLDEN_SQL === 'write') writeFileSync(file, text)
    t.equal(readFileSync(file, 'utf8'), text, name)
  }
})
