import { readFileSync, writeFileSync } from 'node:fs'
import { type CompiledQuery, Kysely, PostgresDialect, type RawBuilder } from 'kysely'
import t, { type Test } from 'tap'
import { databaseNow } from '../../../db/connection/time.js'
import { auditSumsQuery } from '../../../db/usage/audit.js'
import type { Database } from '../../../db/connection/tables.js'
import { readObjectsQuery } from '../../../db/events/object-rows.js'
import { purgeRunSumsQuery, purgeSetAsideEventsQuery, purgeTombstonesQuery, purgeUploadsQuery } from '../../../db/purge.js'
import { backfillRunsQuery } from '../../../db/runs/backfill.js'
import { listFilesQuery } from '../../../db/run-files.js'
import { filesForArchiveQuery } from '../../../db/runs/archived-files.js'
import { listFoldersQuery } from '../../../db/runs/folders.js'
import { listRunsQuery } from '../../../db/runs/workflow-runs.js'
import { listSharesQuery } from '../../../db/shares/shares.js'
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
  'read-objects': raw(readObjectsQuery([])),
  'storage-usage': raw(storageUsageQuery({ orgKey: '' })),
  'storage-usage-of-a-user': raw(storageUsageQuery({ orgKey: '', createdBy: '' })),
  'list-files': listFilesQuery(compileOnly, 'run/', { after: undefined, maxFiles: 101 }).compile(),
  'list-workflows': raw(listWorkflowsQuery(
    { orgKey: '', createdBy: '', search: 'a', sort: 'newest' }, { after: '1 id', limit: 101 })),
  'list-runs': raw(listRunsQuery({ orgKey: '', workflowId: '', createdBy: undefined, sort: 'newest' }, { after: '1 id', limit: 101 })),
  'list-runs-by-first-seen': raw(listRunsQuery({ orgKey: '', workflowId: '', createdBy: undefined, sort: 'firstSeen' }, { after: '1 id', limit: 101 })),
  'list-runs-of-a-user-by-id': raw(listRunsQuery({ orgKey: '', workflowId: '', createdBy: '', sort: 'id' }, { after: '0 id', limit: 101 })),
  'list-folders': raw(listFoldersQuery({
    orgKey: '', workflowId: '', runId: '', createdBy: undefined, prefix: 'a/', hasFolders: true, hasSums: true,
  }, { after: '1 id a/b', limit: 100 })),
  'list-paths-of-a-user': raw(listFoldersQuery({
    orgKey: '', workflowId: '', runId: '', createdBy: '', prefix: 'a/', hasFolders: false, hasSums: false,
  }, { after: undefined, limit: 100 })),
  'files-for-archive': raw(filesForArchiveQuery({
    orgKey: '', workflowId: '', runId: '', createdBy: '', direction: 'outputs', prefix: 'a/',
  }, { after: { path: 'a/b', hash: '1', object_key: 'key' }, limit: 1000 })),
  'usage-history': raw(usageHistoryQuery({ orgKey: '', from: '', to: '', today: '' })),
  'usage-history-of-a-workflow': raw(usageHistoryQuery({ orgKey: '', workflowId: '', from: '', to: '', today: '' })),
  'usage-history-of-a-user': raw(userUsageHistoryQuery({ orgKey: '', createdBy: '', from: '', to: '', today: '' })),
  'usage-by-user': raw(listUserUsageQuery('', { after: undefined, limit: 101 })),
  'usage-by-user-after': raw(listUserUsageQuery('', { after: '1 id', limit: 101 })),
  'largest-files': raw(largestFilesQuery({ orgKey: '', createdBy: undefined }, { after: undefined, limit: 101 })),
  'largest-files-of-a-user-after': raw(largestFilesQuery({ orgKey: '', createdBy: '' }, { after: '1 1', limit: 101 })),
  'list-shares': raw(listSharesQuery({ orgKey: '', madeBy: undefined }, { after: undefined, limit: 101 })),
  'list-shares-of-a-user-after': raw(listSharesQuery({ orgKey: '', madeBy: '' }, { after: '1', limit: 101 })),
  'take-usage-snapshot': raw(takeSnapshotQuery({ day: '', isFilled: false }, databaseNow)),
  'audit-sums': raw(auditSumsQuery(1)),
  'purge-tombstones': raw(purgeTombstonesQuery(1)),
  'purge-uploads': raw(purgeUploadsQuery(1)),
  'purge-run-sums': raw(purgeRunSumsQuery()),
  'backfill-runs': raw(backfillRunsQuery(1)),
  'purge-set-aside-events': raw(purgeSetAsideEventsQuery(1)),
}

/** Removes the indentation common to all lines, except for the mark of a prepared statement. */
function dedent (sql: string): string {
  const lines = sql.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('-- prepared as'))
  const depth = Math.min(...lines.map((line) => line.search(/\S/)))
  return sql.replaceAll(new RegExp(`^ {${depth}}`, 'gm'), '').trim()
}

/** The lines by which a statement differs from another one, each run of them after the line that both have before it. */
function difference (sql: string, other: string): string {
  const [lines, otherLines] = [dedent(sql).split('\n'), dedent(other).split('\n')]
  const shown: string[] = []
  let [at, common] = [0, '']
  const show = (line: string) => {
    if (common !== '') shown.push(`  ${common}`)
    common = ''
    shown.push(line)
  }
  for (const line of [...lines, undefined]) {
    const found = line === undefined ? otherLines.length : otherLines.indexOf(line, at)
    if (found === -1) {
      show(`+ ${line}`)
      continue
    }
    for (const missing of otherLines.slice(at, found)) show(`- ${missing}`)
    at = found + 1
    common = line ?? ''
  }
  return shown.join('\n')
}

// GOLDEN_SQL=write rewrites the files; a review then shows what changed.
function matchGolden (t: Test, fileName: string, content: string): void {
  const file = new URL(`golden/${fileName}`, import.meta.url)
  const text = `${content}\n`
  if (process.env.GOLDEN_SQL === 'write') writeFileSync(file, text)
  t.equal(readFileSync(file, 'utf8'), text, fileName)
}

t.test('every statement that must be fast is as it was reviewed', async (t) => {
  for (const [name, { sql }] of Object.entries(statements)) matchGolden(t, `${name}.sql`, dedent(sql))
})

t.test('under a lease the same is written, with what was reviewed besides', async (t) => {
  const { sql } = raw(writeRowsQuery([], { name: 'reconcile/acme', holder: '', token: 1n }))
  matchGolden(t, 'write-rows-under-a-lease.diff', difference(sql, raw(writeRowsQuery([])).sql))
})
