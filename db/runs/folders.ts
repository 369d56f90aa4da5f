import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { readInIndexOrder } from '../connection/index-order.js'
import { nullableEpochMs } from '../connection/time.js'
import { type CountedFile, countedFileOf } from '../run-files.js'
import { exactNumber } from '../usage/storage-usage.js'

/** Which files of a run are listed, and how. */
export interface FoldersQuery {
  orgKey: string
  workflowId: string
  runId: string
  /** Only files of this user count; undefined: everyone's. */
  createdBy: string | undefined
  /** What their paths begin with; a whole name or not. */
  prefix: string
  /** Whether files that have a slash after the prefix are listed as the folder that they are in. */
  hasFolders: boolean
  /** Whether what is in a folder is added up. */
  hasSums: boolean
}

/** What files have in common that are listed as one. */
interface Folder {
  /** Ends with a slash. */
  path: string
  /** Of all files below it; undefined where that is not asked for. */
  sums: { bytes: number, fileCount: number } | undefined
}

/** A page of folders and files. */
export interface FoldersPage {
  folders: Folder[]
  files: CountedFile[]
  /** Where it ends, unless it is the last one. */
  end: string | undefined
}

/**
 * Lists a run's files by path, in the order of its bytes, and those of one path in an order of their own; a page at one
 * instant. Costs as much as the page has entries, times the users who have files in the run, however many files there are;
 * sums of folders cost as much as there are files in them.
 *
 * @param page.after where the page before ended; undefined for the first page
 * @throws {InexactSumError} when a sum exceeds 2^53−1
 */
export async function listFolders (
  database: Kysely<Database>, query: FoldersQuery, { after, limit }: { after: string | undefined, limit: number },
): Promise<FoldersPage> {
  const rows = await readInIndexOrder(database, listFoldersQuery(query, { after, limit }).compile(database))
  const shown = rows.filter(({ place }) => place <= limit)
  const last = rows.length > shown.length ? shown.at(-1) : undefined
  return {
    folders: shown.flatMap((row) => row.folder === null ? [] : [{ path: row.folder, sums: sumsOf(row) }]),
    files: shown.flatMap((row) => isFile(row) ? [countedFileOf(row)] : []),
    end: last && writePosition(last),
  }
}

interface FolderRow extends Position {
  /** From 1; one more than the page holds says that there are more. */
  place: number
  folder: string | null
  /** Sums may exceed 64 bits. */
  below_bytes: string | null
  below_count: string | null
  object_key: string | null
  size_bytes: bigint | null
  event_time_ms: bigint | null
}

function isFile (row: FolderRow): row is FolderRow & { object_key: string, size_bytes: bigint } {
  return row.object_key !== null
}

function sumsOf ({ below_bytes: bytes, below_count: count }: FolderRow): Folder['sums'] {
  if (count === null) return undefined
  return { bytes: exactNumber(BigInt(bytes ?? 0)), fileCount: exactNumber(BigInt(count)) }
}

/** After which the next entry is looked for: in the order of the index, and of users where even its hash is the same. */
interface Position {
  path: string
  hash: string
  created_by: string | null
}

/** Comes before every hash. */
const FIRST_HASH = '-9223372036854775808'

function writePosition ({ path, hash, created_by: createdBy }: Position): string {
  return `${hash} ${createdBy ?? ''} ${path}`
}

/** @param position that `writePosition` gave */
function readPosition (position: string): Position {
  const [hash = '', createdBy = '', ...path] = position.split(' ')
  return { path: path.join(' '), hash, created_by: createdBy === '' ? null : createdBy }
}

/*
 * The statement, part by part.
 *
 *   run, creators   the run, and who has files in it
 *   entries         the page, one entry after the other: each is looked up in the index after the one before (a "loose index
 *                   scan"), once for each creator. After a folder, that is after all that begins with it: the slash at its end
 *                   is followed by 0 in the order of bytes. It carries from where the next one is looked for.
 *   the rest        what is shown of folders and files. Two files may have the same path and hash, and are then in one place.
 */
export function listFoldersQuery (
  { orgKey, workflowId, runId, createdBy, prefix, hasFolders, hasSums }: FoldersQuery,
  { after, limit }: { after: string | undefined, limit: number },
) {
  const start = after === undefined ? { path: prefix, hash: FIRST_HASH, created_by: null } : readPosition(after)
  const rest = sql`substr(next.path, char_length(${prefix}::text) + 1)`
  const folder = hasFolders
    ? sql`case when strpos(${rest}, '/') > 0 then ${prefix}::text || left(${rest}, strpos(${rest}, '/')) end`
    : sql`null::text`
  const below = sql`
    left join lateral (
      select sum(objects.size_bytes)::text as below_bytes, count(*)::text as below_count
      from creators join objects on objects.created_by = creators.created_by
      where objects.run_ref = (select run_ref from run)
        and objects.path >= entries.folder and objects.path < entries.path
    ) as below on entries.folder is not null and entries.place <= ${limit}`
  return sql<FolderRow>`
    with recursive run as materialized (
      select run_ref from runs where org_key = ${orgKey} and workflow_id = ${workflowId} and run_id = ${runId}
    ), creators as materialized (
      select distinct created_by from run_sums
      where run_ref = (select run_ref from run) and file_count > 0${createdBy === undefined ? sql`` : sql` and created_by = ${createdBy}`}
    ), entries (place, folder, path, hash, created_by) as (
      select 0, null::text collate "C", ${start.path}::text collate "C", ${start.hash}::bigint, ${start.created_by}::uuid
      union all
      select
        entries.place + 1, entry.folder,
        case when entry.folder is null then next.path else left(entry.folder, -1) || '0' end collate "C",
        case when entry.folder is null then next.hash else ${FIRST_HASH}::bigint end,
        case when entry.folder is null then next.created_by end
      from entries cross join lateral (
        select own.path, own.hash, own.created_by
        from creators cross join lateral (
          select objects.path, hashtextextended(objects.object_key, 0) as hash, objects.created_by
          from objects
          where objects.run_ref = (select run_ref from run) and objects.created_by = creators.created_by
            and (objects.path, hashtextextended(objects.object_key, 0)) >= (entries.path, entries.hash)
            and (objects.path = entries.path and hashtextextended(objects.object_key, 0) = entries.hash
              and objects.created_by <= entries.created_by) is not true
          order by objects.path, hashtextextended(objects.object_key, 0)
          limit 1
        ) as own
        order by own.path, own.hash, own.created_by
        limit 1
      ) as next cross join lateral (
        select ${folder} collate "C" as folder
      ) as entry
      where entries.place <= ${limit} and starts_with(next.path, ${prefix})
    )
    select
      entries.place, entries.folder, entries.path, entries.hash::text, entries.created_by,
      ${hasSums ? sql`below_bytes, below_count` : sql`null as below_bytes, null as below_count`},
      objects.object_key, objects.size_bytes, ${nullableEpochMs('objects.event_time')} as event_time_ms
    from entries${hasSums ? below : sql``}
    left join objects on entries.folder is null and objects.run_ref = (select run_ref from run)
      and objects.created_by = entries.created_by and objects.path = entries.path
      and hashtextextended(objects.object_key, 0) = entries.hash
    where entries.place > 0
    order by entries.place, objects.object_key`
}
