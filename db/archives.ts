import { type Kysely, sql } from 'kysely'
import type { Database } from './connection/tables.js'

/** The CRC-32 of a file's bytes. */
export interface FileCrc32 {
  objectKey: string
  /** Of the bytes that it was computed over; without quotes. */
  entityTag: string
  crc32: number
}

/** Keeps what was computed, in place of what was of other bytes; of files that are counted. */
export async function keepCrc32s (database: Kysely<Database>, files: readonly FileCrc32[]): Promise<void> {
  const rows = files.map(({ objectKey, entityTag, crc32 }) => ({
    object_key: objectKey, entity_tag: entityTag, crc32: crc32.toString(16).padStart(8, '0'),
  }))
  // In one order, so that no two writers wait for each other in a circle.
  await sql`
    insert into digests (object_key, algorithm, is_verified, entity_tag, value)
    select computed.object_key, 'crc32', true, computed.entity_tag, decode(computed.crc32, 'hex')
    from json_to_recordset(${JSON.stringify(rows)}::json) as computed (object_key text, entity_tag text, crc32 text)
    join objects on objects.object_key = computed.object_key and objects.removed_at is null
    order by computed.object_key collate "C"
    on conflict (object_key, algorithm, is_verified) do update set entity_tag = excluded.entity_tag, value = excluded.value
    where digests.entity_tag <> excluded.entity_tag`
    .execute(database)
}

/** The name of an organisation's workflow; undefined if it was never told. */
export async function readWorkflowName (
  database: Kysely<Database>, orgKey: string, workflowId: string,
): Promise<string | undefined> {
  const workflow = await database.selectFrom('workflows').select('name')
    .where('org_key', '=', orgKey).where('workflow_id', '=', workflowId).executeTakeFirst()
  return workflow?.name
}
