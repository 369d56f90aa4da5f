import { readFileSync, writeFileSync } from 'node:fs'
import { type CompiledQuery, Kysely, PostgresDialect, type RawBuilder } from 'kysely'
import t from 'tap'
import { databaseNow } from '../../../db/connection/time.js'
import { auditSumsQuery } from '../../../db/usage/audit.js'
import type { Database } from '../../../db/connection/tables.js'
import { readObjectsQuery } from '../../../db/events/object-rows.js'
import { purgeRunSumsQuery, purgeSetAsideEventsQuery, purgeTombstonesQuery, purgeUploadsQuery } from '../../../db/purge.js'
import { backfillRunsQuery } from '../../../db/runs/backfill.js'
import { listFilesQuery } from '../../../db/run-files.js'
import { listFoldersQuery } from '../../../db/runs/folders.js'
import { listRunsQuery } from '../../../db/runs/workflow-runs.js'
import { listWorkflowsQuery } from '../../../db/runs/workflows.js'
import { writeRowsQuery } from '../../../db/events/write-rows.js'
import { storageUsageQuery } from '../../../db/usage/storage-usage.js'
import { largestFilesQuery } from '../../../db/usage/largest-files.js'
import { listUserUsageQuery } from '../../../db/usage/user-usage.js'
import { usageHistoryQuery, userUsageHistoryQuery } from '../../../db/usage/history.js'
import { takeSnapshotQuery } from '../../../db/usage/snapshots.js'

const compileOnly = new Kysely<Database>({
  dialect: new PostgresDialect({ pool: () => { throw new Error('Statements are only compiled here.') } }),
})
const raw = (query: RawBuilder<unknown>) => query.compile(compileOnly)

const statements: Record<string, CompiledQuery> = {
  'write-rows': raw(writeRowsQuery([])),
  'write-rows-under-a-lease': raw(writeRowsQuery([], { name: 'reconcile/acme', holder: '', token: 1n })),
  'read-objects': raw(readObjectsQuery([])),
  'storage-usage': raw(storageUsageQuery({ orgKey: '' })),
  'storage-usage-of-a-user': raw(storageUsageQuery({ orgKey: '', createdBy: '' })),
  'list-files': listFilesQuery(compileOnly, 'run/', { after: undefined, maxFiles: 101 }).compile(),
  'list-workflows': raw(listWorkflowsQuery(
    { orgKey: '', createdBy: '', search: 'a', sort: 'newest' }, { after: '1 id', limit: 101 })),
  'list-runs': raw(listRunsQuery({ orgKey: '', workflowId: '', createdBy: undefined, sort: 'newest' }, { after: '1 id', limit: 101 })),
  'list-runs-of-a-user-by-id': raw(listRunsQuery({ orgKey: '', workflowId: '', createdBy: '', sort: 'id' }, { after: 'id', limit: 101 })),
  'list-folders': raw(listFoldersQuery({
    orgKey: '', workflowId: '', runId: '', createdBy: undefined, prefix: 'a/', hasFolders: true, hasSums: true,
  }, { after: '1 id a/b', limit: 100 })),
  'list-paths-of-a-user': raw(listFoldersQuery({
    orgKey: '', workflowId: '', runId: '', createdBy: '', prefix: 'a/', hasFolders: false, hasSums: false,
  }, { after: undefined, limit: 100 })),
  'usage-history': raw(usageHistoryQuery({ orgKey: '', from: '', to: '', today: '' })),
  'usage-history-of-a-workflow': raw(usageHistoryQuery({ orgKey: '', workflowId: '', from: '', to: '', today: '' })),
  'usage-history-of-a-user': raw(userUsageHistoryQuery({ orgKey: '', createdBy: '', from: '', to: '', today: '' })),
  'usage-by-user': raw(listUserUsageQuery('', { after: undefined, limit: 101 })),
  'usage-by-user-after': raw(listUserUsageQuery('', { after: '1 id', limit: 101 })),
  'largest-files': raw(largestFilesQuery({ orgKey: '', createdBy: undefined }, { after: undefined, limit: 101 })),
  'largest-files-of-a-user-after': raw(largestFilesQuery({ orgKey: '', createdBy: '' }, { after: '1 1', limit: 101 })),
  'take-usage-snapshot': raw(takeSnapshotQuery({ day: '', isFilled: false }, databaseNow)),
  'audit-sums': raw(auditSumsQuery(1)),
  'purge-tombstones': raw(purgeTombstonesQuery(1)),
  'purge-uploads': raw(purgeUploadsQuery(1)),
  'purge-run-sums': raw(purgeRunSumsQuery()),
  'backfill-runs': raw(backfillRunsQuery(1)),
  'purge-set-aside-events': raw(purgeSetAsideEventsQuery(1)),
}

/** Takes off the indentation that all lines have, but for the mark of a prepared statement. */
function dedent (sql: string): string {
  const lines = sql.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('-- prepared as'))
  const depth = Math.min(...lines.map((line) => line.search(/\S/)))
  return sql.replaceAll(new RegExp(`^ {${depth}}`, 'gm'), '').trim()
}

// GOLDEN_SQL=write rewrites the files; what changed then shows in review.
t.test('every statement that must be fast is as it was reviewed', async (t) => {
  for (const [name, { sql }] of Object.entries(statements)) {
    const file = new URL(`golden/${name}.sql`, import.meta.url)
    const text = `${dedent(sql)}\n`
    if (process.env.GOLDEN_SQL === 'write') writeFileSync(file, text)
    t.equal(readFileSync(file, 'utf8'), text, name)
  }
})
