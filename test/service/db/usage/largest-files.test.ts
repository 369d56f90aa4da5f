import { type Kysely, sql } from 'kysely'
import t from 'tap'
import type { Database } from '../../../../db/connection/tables.js'
import { newRevision } from '../../../../db/events/revision.js'
import { type LargestFilesScope, largestFilesQuery, listLargestFiles } from '../../../../db/usage/largest-files.js'
import { emptyTables } from '../../../support/database.js'
import { databaseKindsAndRole } from '../../../support/role-database.js'

const MIB = 1024 * 1024
const uuid = (kind: number, number: number) => `${kind}0000000-0000-4000-8000-${String(number).padStart(12, '0')}`
const keysOf = (files: ReadonlyArray<{ objectKey: string }>) => files.map(({ objectKey }) => objectKey)
const atMost = (count: number) => Math.floor(Math.random() * (count + 1))

interface File {
  objectKey: string
  orgKey: string
  workflowId: string
  runId: string
  createdBy: string
  sizeBytes: number
}

async function insertFiles (database: Kysely<Database>, files: readonly File[]): Promise<void> {
  await database.insertInto('objects').values(files.map((file) => ({
    object_key: file.objectKey,
    org_key: file.orgKey,
    workflow_id: file.workflowId,
    run_id: file.runId,
    created_by: file.createdBy,
    direction: 'outputs' as const,
    size_bytes: BigInt(file.sizeBytes),
    observed_at: new Date(),
    revision: newRevision(),
  }))).execute()
}

for (const { kind, name, skip, create } of databaseKindsAndRole) {
  t.test(`the largest files on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))
    const walk = async (scope: LargestFilesScope, limitOf: () => number) => {
      const found = []
      for (let after: string | undefined; ;) {
        const { files, end } = await listLargestFiles(database, scope, { after, limit: limitOf() })
        found.push(...files)
        if (end === undefined) return found
        after = end
      }
    }

    t.test('whatever is stored, pages of any length give every big file of a scope once, in one order', async (t) => {
      const files = Array.from({ length: 400 }, (_, number) => ({
        objectKey: `key ${number}`,
        orgKey: ['acme', 'globex'][atMost(1)] ?? 'acme',
        workflowId: uuid(1, atMost(1)),
        runId: uuid(3, atMost(1)),
        createdBy: uuid(2, atMost(1)),
        // Only a few sizes, on both sides of the bound.
        sizeBytes: MIB - 1 + atMost(3) * (1 + atMost(1) * 1_000_000_000_000),
      }))
      await insertFiles(database, files)
      for (const orgKey of ['acme', 'globex', 'nobody']) {
        for (const createdBy of [undefined, uuid(2, 0)]) {
          const scope = { orgKey, createdBy }
          const found = await walk(scope, () => 1 + atMost(20))
          const expected = files.filter((file) => file.sizeBytes >= MIB && file.orgKey === orgKey &&
            (createdBy ?? file.createdBy) === file.createdBy)
          t.strictSame(keysOf(found).toSorted(), keysOf(expected).toSorted())
          const sizes = found.map(({ sizeBytes }) => sizeBytes)
          t.strictSame(sizes, sizes.toSorted((one, other) => other - one))
          t.strictSame(await walk(scope, () => 100), found)
          for (const { objectKey, workflowId, runId } of found) {
            t.match(files.find((file) => file.objectKey === objectKey), { workflowId, runId })
          }
        }
      }
    })

    t.test('a page is a walk of its scope\'s index from where it begins', { skip: kind === 'role' && 'its settings rule out plans' }, async (t) => {
      await sql`
        insert into objects (object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, observed_at, revision)
        select org || n, org, ('10000000-0000-4000-8000-' || lpad((n % 7)::text, 12, '0'))::uuid, ${uuid(3, 0)},
          ('20000000-0000-4000-8000-' || lpad((n % 5)::text, 12, '0'))::uuid, 'outputs', ${MIB} + n % 3, now(), ${newRevision()}
        from generate_series(1, 20000) as n, (values ('acme'), ('globex')) as orgs(org)`.execute(database)
      await sql`vacuum analyze objects`.execute(database)
      for (const [index, createdBy] of [['objects_by_size', undefined], ['objects_of_user_by_size', uuid(2, 1)]] as const) {
        // In the middle of files of the same size.
        for (const after of [undefined, `${MIB + 1} 0`]) {
          const query = largestFilesQuery({ orgKey: 'acme', createdBy }, { after, limit: 101 })
          const { rows } = await sql<{ 'QUERY PLAN': string }>`
            explain (analyze, costs off, timing off, summary off, buffers off) ${query}`.execute(database)
          const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
          t.match(plan, new RegExp(`^Limit [^\\n]*\\n  ->  Index Scan Backward using ${index} on objects [^\\n]*actual rows=101(\\.00)? `))
          t.match(plan, after === undefined ? /Index Cond: / : /Index Cond: .*\(ROW\(size_bytes, hashtextextended\(object_key, /)
          t.notMatch(plan, /Filter|Sort/)
        }
      }
    })
  })
}
