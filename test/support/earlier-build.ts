import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CompiledQuery, type Kysely, sql } from 'kysely'
import { sqlState } from '../../db/connection/sql-state.js'
import type { Database } from '../../db/connection/tables.js'
import { objectIndexes } from '../../db/migrations/0009-runs.js'
import { inTransaction } from '../../db/connection/transaction.js'
import { parseObjectKey } from '../../objects/object-key.js'

/** A file's size, or null for none. */
type FileSize = number | null

/** The statements of version 0.1, as recorded by its own tests. */
const statement = (name: string) => readFileSync(new URL(`../fixtures/version-0.1/${name}.sql`, import.meta.url), 'utf8')

const run = async (database: Kysely<Database>, name: string, rows: readonly object[]) =>
  await database.executeQuery(CompiledQuery.raw(statement(name), [JSON.stringify(rows)]))

/** Takes a migrated database back to the schema of version 0.1, keeping its rows. */
export async function downgradeToFirstVersion (database: Kysely<Database>): Promise<void> {
  await sql`drop trigger objects_place_in_run on objects`.execute(database)
  await sql`drop trigger objects_count_in_run on objects`.execute(database)
  await sql`drop function place_object_in_run, count_object_in_run`.execute(database)
  for (const { name } of objectIndexes) await sql.raw(`drop index if exists ${name}`).execute(database)
  await sql`alter table objects drop column run_ref, drop column path`.execute(database)
  await sql`drop table run_backfill, run_sums, runs`.execute(database)
  await sql`drop function refuse_negative_sum`.execute(database)
  await sql`alter table usage_days drop column has_users`.execute(database)
  await sql`drop table user_usage_snapshots`.execute(database)
  await sql`alter table usage_sums drop column newest_event_counted_at`.execute(database)
  await sql`alter table uploads drop column store_upload_id`.execute(database)
  await sql`drop table digests, verifications`.execute(database)
  await sql`drop table selections, shares, share_epochs`.execute(database)
  await sql`drop table unfinished_sums, unfinished_looks`.execute(database)
  await sql`alter table reconciliations drop column open_ranges, drop column open_ranges_at`.execute(database)
  await sql`delete from kysely_migration where name >= '0009'`.execute(database)
}

/**
 * Empties the catalogue and lets `write` write as if nothing counted runs yet: the backfill then begins as on a database that
 * was just migrated from version 0.1.
 */
export async function writeBeforeRuns (database: Kysely<Database>, write: () => Promise<void>): Promise<void> {
  await sql`truncate objects, usage_sums, run_sums, runs`.execute(database)
  await sql`alter table objects disable trigger user`.execute(database)
  await write()
  await sql`alter table objects enable trigger user`.execute(database)
  await sql`update run_backfill set checkpoint = '', placed_count = 0, finished_at = null`.execute(database)
}

/**
 * Writes what an event says as version 0.1 does: in one statement, which changes a row only if it is still as it was read. If
 * another statement was faster, it reads again.
 */
export async function writeEventAsFirstVersion (database: Kysely<Database>, objectKey: string, size: FileSize): Promise<void> {
  for (;;) {
    const before = await readRow(database, objectKey)
    const row = makeRow(objectKey, size, { isEvent: true })
    try {
      const { rows } = await run(database, 'write-settled-rows', [{
        ...row, ...changeOf(before, size), newest_event_at: row.event_time, revision_before: before?.revision,
      }])
      if (rows.length === 0) return
    } catch (error) {
      // A row that another statement created meanwhile is returned with times as text, in any format.
      const isOfRace = error instanceof TypeError || ['40P01', '40001'].includes(sqlState(error))
      if (!isOfRace) throw error
    }
  }
}

/** Writes what a reconcile saw as version 0.1 does: rows are locked first, in a transaction of several statements. */
export async function writeObservationAsFirstVersion (
  database: Kysely<Database>, objectKey: string, size: FileSize,
): Promise<void> {
  await inTransaction(database, async (transaction) => {
    const row = makeRow(objectKey, size, { isEvent: false })
    const { rows: inserted } = await run(transaction, 'insert-or-lock-objects', [row])
    const before = inserted.length > 0 ? undefined : await readRow(transaction, objectKey)
    if (before !== undefined) await run(transaction, 'update-objects', [row])
    const { size_change: sizeBytes, count_change: fileCount } = changeOf(before, size)
    const change = { ...row, size_bytes: sizeBytes, file_count: fileCount }
    await run(transaction, 'lock-sums', [change])
    await run(transaction, 'add-to-sums', [change])
  })
}

async function readRow (database: Kysely<Database>, objectKey: string) {
  return await database.selectFrom('objects')
    .select(['size_bytes', 'revision', sql<boolean>`removed_at is not null`.as('is_removed')])
    .where('object_key', '=', objectKey).executeTakeFirst()
}

function changeOf (before: { size_bytes: bigint, is_removed: boolean } | undefined, size: FileSize) {
  const countBefore = before === undefined || before.is_removed ? 0 : 1
  return { size_change: (size ?? 0) - Number(before?.size_bytes ?? 0n), count_change: (size === null ? 0 : 1) - countBefore }
}

function makeRow (objectKey: string, size: FileSize, { isEvent }: { isEvent: boolean }) {
  const parts = parseObjectKey(objectKey)
  if (parts === undefined) throw new TypeError('The key is not valid.')
  const now = new Date()
  return {
    object_key: objectKey,
    org_key: parts.orgKey,
    workflow_id: parts.workflowId,
    run_id: parts.runId,
    created_by: parts.createdBy,
    direction: parts.direction,
    size_bytes: size ?? 0,
    event_source: isEvent ? 'minio:s3' : null,
    event_time: isEvent ? now : null,
    observed_at: isEvent ? null : now,
    removed_at: size === null ? now : null,
    revision: randomUUID(),
  }
}
