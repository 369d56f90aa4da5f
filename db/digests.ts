import { type Kysely, type RawBuilder, sql } from 'kysely'
import {
  type DigestAlgorithm, type Digests, type KeptDigest, describeDigests, digestAlgorithms, digestsOf, listDigests,
} from '../objects/digests.js'
import type { Database } from './connection/tables.js'

/** The stored digests of one file. */
export interface DigestsOfKey {
  kept: KeptDigest[]
  /** The entity tag of the counted file, without quotes; undefined if no file is counted, or it has no tag. */
  countedTag: string | undefined
}

/** The CRC-32 of a file's bytes. */
export interface FileCrc32 {
  objectKey: string
  /** Of the bytes that the CRC-32 was computed over; without quotes. */
  entityTag: string
  crc32: number
}

/**
 * Stores the claimed digests of the file that is to arrive under a newly minted key.
 *
 * @param confirmable those that the store can confirm once the file has arrived
 */
export async function claimDigests (
  database: Kysely<Database>, objectKey: string, digests: Digests, confirmable: readonly DigestAlgorithm[],
): Promise<void> {
  const rows = listDigests(digests).map(({ algorithm, value }) => ({
    object_key: objectKey,
    algorithm,
    is_verified: false,
    value: Buffer.from(value, 'hex'),
    is_confirmable: confirmable.includes(algorithm),
  }))
  if (rows.length > 0) await database.insertInto('digests').values(rows).execute()
}

/** Reads the stored digests of files; keys that have none are left out. */
export async function readDigests (
  database: Kysely<Database>, objectKeys: readonly string[],
): Promise<Map<string, DigestsOfKey>> {
  const { rows } = await readDigestsQuery(objectKeys).execute(database)
  const byKey = new Map<string, DigestsOfKey>()
  for (const row of rows) {
    const { object_key: objectKey, algorithm, entity_tag: entityTag, value, counted_tag: countedTag } = row
    const digest = { algorithm, entityTag, value, isConfirmable: row.is_confirmable }
    const known = byKey.get(objectKey)
    if (known === undefined) byKey.set(objectKey, { kept: [digest], countedTag: countedTag ?? undefined })
    else known.kept.push(digest)
  }
  return byKey
}

/** The digests in the JSON of counted files, by key; files without any are left out. */
export async function describeCountedFiles (
  database: Kysely<Database>, objectKeys: readonly string[],
): Promise<Map<string, ReturnType<typeof describeDigests>>> {
  const digests = await readDigests(database, objectKeys)
  return new Map(Array.from(digests, ([objectKey, { kept, countedTag }]) =>
    [objectKey, describeDigests(digestsOf(kept, countedTag))]))
}

function readDigestsQuery (objectKeys: readonly string[]) {
  return sql<{
    object_key: string
    algorithm: DigestAlgorithm
    entity_tag: string | null
    value: string
    is_confirmable: boolean
    counted_tag: string | null
  }>`
    select
      digests.object_key, algorithm, digests.entity_tag, encode(value, 'hex') as value, is_confirmable,
      objects.entity_tag as counted_tag
    from digests left join objects using (object_key)
    where digests.object_key = any(${objectKeys}::text[]) and algorithm = any(${digestAlgorithms}::text[])`
}

/**
 * Stores digests computed over the bytes that have an entity tag, replacing those verified for another tag. Digests that are
 * already known for the same tag stay as they are.
 *
 * @param entityTag without quotes
 */
export async function keepVerifiedDigests (
  database: Kysely<Database>, objectKey: string, entityTag: string, digests: Digests,
): Promise<void> {
  const rows = listDigests(digests).map(({ algorithm, value }) =>
    ({ object_key: objectKey, algorithm, is_verified: true, entity_tag: entityTag, value: Buffer.from(value, 'hex') }))
  if (rows.length === 0) return
  await database.insertInto('digests').values(rows)
    .onConflict((conflict) => conflict.columns(['object_key', 'algorithm', 'is_verified'])
      .doUpdateSet(({ ref }) => ({ entity_tag: ref('excluded.entity_tag'), value: ref('excluded.value') }))
      .where('digests.entity_tag', '!=', entityTag))
    .execute()
}

/** Stores computed checksums of counted files, replacing those of other bytes. */
export async function keepCrc32s (database: Kysely<Database>, files: readonly FileCrc32[]): Promise<void> {
  const rows = files.map(({ objectKey, entityTag, crc32 }) => ({
    object_key: objectKey, entity_tag: entityTag, crc32: crc32.toString(16).padStart(8, '0'),
  }))
  // In one order, so that two writers cannot deadlock.
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

/** Keys, in order, of counted files with claims about which the store is yet to be asked. */
export async function listConfirmableKeys (
  database: Kysely<Database>, { after, limit }: { after: string, limit: number },
): Promise<string[]> {
  const rows = await database.selectFrom('digests').innerJoin('objects', 'objects.object_key', 'digests.object_key')
    .select('digests.object_key as objectKey').distinct()
    .where('is_confirmable', '=', sql<boolean>`true`)
    .where('removed_at', 'is', null)
    .where('digests.object_key', '>', after)
    .orderBy('objectKey')
    .limit(limit)
    .execute()
  return rows.map(({ objectKey }) => objectKey)
}

/** Notes that the store has been asked which claims about a file it has checked. */
export async function endConfirmation (database: Kysely<Database>, objectKey: string): Promise<void> {
  await database.updateTable('digests').set({ is_confirmable: false })
    .where('object_key', '=', objectKey).where('is_confirmable', '=', sql<boolean>`true`).execute()
}

/** Deletes the claims about a file that never arrived. */
export async function forgetClaims (database: Kysely<Database>, objectKey: string): Promise<void> {
  await sql`
    delete from digests where object_key = ${objectKey} and not exists (select from objects where object_key = ${objectKey})`
    .execute(database)
}

/**
 * Part of a statement: deletes the digests of keys that another part deletes.
 *
 * @param keys the part with their `object_key`
 */
export function forgottenDigestsPart (keys: string, condition?: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`forgotten as (
      delete from digests using ${sql.ref(keys)} where digests.object_key = ${sql.ref(keys)}.object_key${condition ?? sql``}
    )`
}
