import { type Kysely, type RawBuilder, sql } from 'kysely'
import { endOfPrefix } from '../../objects/key-order.js'
import type { Direction } from '../../objects/object-key.js'
import { readInIndexOrder } from '../connection/index-order.js'
import type { Database } from '../connection/tables.js'
import { nullableDateOf, nullableEpochMs } from '../connection/time.js'
import { exactNumber } from '../usage/storage-usage.js'

/** Which files of a run. */
export interface RunFilesScope {
  orgKey: string
  workflowId: string
  runId: string
  /** Only this user's files; undefined: everyone's. */
  createdBy: string | undefined
  direction: Direction | undefined
  /** What their paths begin with, not necessarily a whole name. */
  prefix: string
}

/** A counted file, with what an archive needs to know about it. */
export interface ListedForArchive {
  objectKey: string
  sizeBytes: number
  /** Without quotes; undefined if it is not known. */
  entityTag: string | undefined
  /** When it was put into storage; null if only a look into the bucket found it. */
  createdAt: Date | null
  /** Of the bytes that have that tag; undefined if nobody has computed it. */
  crc32: number | undefined
}

/** Files are read this many at a time. */
const PAGE_FILES = 1_000

/**
 * Lists a run's counted files, page by page: one user's after the other's, each in the order of their paths. The cost depends
 * only on the number of files listed.
 */
export async function * listForArchive (
  database: Kysely<Database>, scope: RunFilesScope,
): AsyncGenerator<ListedForArchive[]> {
  for (const createdBy of await listCreators(database, scope)) {
    let after: Position = { path: scope.prefix, hash: FIRST_HASH, object_key: '' }
    for (let isLast = false; !isLast;) {
      const query = filesForArchiveQuery({ ...scope, createdBy }, { after, limit: PAGE_FILES })
      const rows = await readInIndexOrder(database, query.compile(database))
      yield rows.map(listedForArchive)
      after = rows.at(-1) ?? after
      isLast = rows.length < PAGE_FILES
    }
  }
}

/** Lists the given files of an organisation, as far as they are counted. */
export async function listSelected (
  database: Kysely<Database>, orgKey: string, objectKeys: readonly string[],
): Promise<ListedForArchive[]> {
  const { rows } = await sql<ArchiveRow>`
    ${selectForArchive}
    where objects.object_key = any(${objectKeys}::text[]) and objects.org_key = ${orgKey} and objects.removed_at is null`
    .execute(database)
  return rows.map(listedForArchive)
}

async function listCreators (
  database: Kysely<Database>, { orgKey, workflowId, runId, createdBy }: RunFilesScope,
): Promise<string[]> {
  const rows = await database.selectFrom('run_sums').innerJoin('runs', 'runs.run_ref', 'run_sums.run_ref')
    .select('created_by').distinct()
    .where('org_key', '=', orgKey).where('workflow_id', '=', workflowId).where('run_id', '=', runId)
    .where('file_count', '>', 0n)
    .$if(createdBy !== undefined, (query) => query.where('created_by', '=', createdBy ?? ''))
    .orderBy('created_by')
    .execute()
  return rows.map((row) => row.created_by)
}

/** Where a page begins, in the order of the index. */
interface Position {
  path: string
  hash: string
  object_key: string
}

interface ArchiveRow extends Position {
  size_bytes: bigint
  entity_tag: string | null
  event_time_ms: bigint | null
  crc32: string | null
}

/** Sorts before every hash. */
const FIRST_HASH = '-9223372036854775808'

/**
 * Checksums are looked up for each file. For a join, PostgreSQL may estimate, if its statistics are out of date, that reading
 * all checksums for each of a few files is cheaper: a page took 1.3 s instead of 10 ms with 10,000 checksums.
 */
const selectForArchive: RawBuilder<unknown> = sql`
    select
      objects.object_key, objects.size_bytes, objects.entity_tag, ${nullableEpochMs('objects.event_time')} as event_time_ms,
      (
        select encode(digests.value, 'hex') from digests
        where digests.object_key = objects.object_key and digests.algorithm = 'crc32' and digests.is_verified
          and digests.entity_tag = objects.entity_tag
      ) as crc32,
      objects.path, hashtextextended(objects.object_key, 0)::text as hash
    from objects`

/** Files whose path and hash are the same are in the order of their keys. */
export function filesForArchiveQuery (
  { orgKey, workflowId, runId, createdBy, direction, prefix }: RunFilesScope & { createdBy: string },
  { after, limit }: { after: Position, limit: number },
) {
  const end = endOfPrefix(prefix)
  const hash = sql`hashtextextended(objects.object_key, 0)`
  const run = sql`select run_ref from runs where org_key = ${orgKey} and workflow_id = ${workflowId} and run_id = ${runId}`
  const beforeEnd = end === undefined ? sql`` : sql`and objects.path < ${end}::text`
  const inDirection = direction === undefined ? sql`` : sql`and objects.direction = ${direction}`
  return sql<ArchiveRow>`${selectForArchive}
    where objects.run_ref = (${run})
      and objects.created_by = ${createdBy}
      and (objects.path, ${hash}) >= (${after.path}::text, ${after.hash}::bigint)
      and (objects.path, ${hash}, objects.object_key) > (${after.path}::text, ${after.hash}::bigint, ${after.object_key}::text)
      ${beforeEnd} ${inDirection}
    order by objects.path, ${hash}, objects.object_key
    limit ${limit}`
}

function listedForArchive (row: ArchiveRow): ListedForArchive {
  return {
    objectKey: row.object_key,
    sizeBytes: exactNumber(row.size_bytes),
    entityTag: row.entity_tag ?? undefined,
    createdAt: nullableDateOf(row.event_time_ms),
    crc32: row.crc32 === null ? undefined : Number.parseInt(row.crc32, 16),
  }
}
