import { readFileSync, writeFileSync } from 'node:fs'
import { type CompiledQuery, Kysely, PostgresDialect, type RawBuilder } from 'kysely'
import t from 'tap'
import { databaseNow } from '../../../db/connection/time.js'
import { auditSumsQuery } from '../../../db/usage/audit.js'
import type { Database } from '../../../db/connection/tables.js'
import { insertOrLockObjectsQuery, readObjectsQuery, updateObjectsQuery } from '../../../db/events/object-rows.js'
import { purgeSetAsideEventsQuery, purgeTombstonesQuery, purgeUploadsQuery } from '../../../db/purge.js'
import { listFilesQuery } from '../../../db/run-files.js'
import { writeSettledRowsQuery } from '../../../db/events/settled-rows.js'
import { storageUsageQuery } from '../../../db/usage/storage-usage.js'
import { takePromisedUploadsQuery } from '../../../db/reservations.js'
import { usageHistoryQuery } from '../../../db/usage/history.js'
import { takeSnapshotQuery } from '../../../db/usage/snapshots.js'
import { addToSumsQuery, lockSumsQuery } from '../../../db/events/usage-sums.js'

const compileOnly = new Kysely<Database>({
  dialect: new PostgresDialect({ pool: () => { throw new Error('Statements are only compiled here.') } }),
})
const raw = (query: RawBuilder<unknown>) => query.compile(compileOnly)

const statements: Record<string, CompiledQuery> = {
  'write-settled-rows': raw(writeSettledRowsQuery([])),
  'insert-or-lock-objects': raw(insertOrLockObjectsQuery([])),
  'read-objects': readObjectsQuery(compileOnly, []).compile(),
  'update-objects': raw(updateObjectsQuery([])),
  'lock-sums': raw(lockSumsQuery([])),
  'add-to-sums': raw(addToSumsQuery([])),
  'take-promised-uploads': takePromisedUploadsQuery(compileOnly, []).compile(),
  'storage-usage': raw(storageUsageQuery({ orgKey: '' })),
  'storage-usage-of-a-user': raw(storageUsageQuery({ orgKey: '', createdBy: '' })),
  'list-files': listFilesQuery(compileOnly, 'run/', { after: undefined, maxFiles: 101 }).compile(),
  'usage-history': raw(usageHistoryQuery({ orgKey: '', from: '', to: '', today: '' })),
  'usage-history-of-a-workflow': raw(usageHistoryQuery({ orgKey: '', workflowId: '', from: '', to: '', today: '' })),
  'take-usage-snapshot': raw(takeSnapshotQuery({ day: '', isFilled: false }, databaseNow)),
  'audit-sums': raw(auditSumsQuery(1)),
  'purge-tombstones': raw(purgeTombstonesQuery(1)),
  'purge-uploads': raw(purgeUploadsQuery(1)),
  'purge-set-aside-events': raw(purgeSetAsideEventsQuery(1)),
}

// GOLDEN_SQL=write rewrites the files; what changed then shows in review.
t.test('every statement that must be fast is as it was reviewed', async (t) => {
  for (const [name, { sql }] of Object.entries(statements)) {
    const file = new URL(`golden/${name}.sql`, import.meta.url)
    const text = `${sql.trim().replaceAll(/^ {4}/gm, '')}\n`
    if (process.env.GOLDEN_SQL === 'write') writeFileSync(file, text)
    t.equal(readFileSync(file, 'utf8'), text, name)
  }
})
