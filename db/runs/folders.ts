import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { preparedAs } from '../connection/prepared-statement.js'
import { readInIndexOrder } from '../connection/index-order.js'
import { nullableEpochMs } from '../connection/time.js'
import { type CountedFile, countedFileOf } from '../run-files.js'
import { exactNumber } from '../usage/storage-usage.js'

/** Which files of a run are listed, and how. */
export interface FoldersQuery {
  orgKey: string
  workflowId: string
  runId: string
  /** Counts only this user's files; undefined: everyone's. */
  createdBy: string | undefined
  /** What their paths begin with, not necessarily a whole name. */
  prefix: string
  /** Whether files that have a slash after the prefix are listed as the folder that contains them. */
  hasFolders: boolean
  /** Whether the contents of folders are added up. */
  hasSums: boolean
}

/** What files that are listed as one have in common. */
interface Folder {
  /** Ends with a slash. */
  path: string
  /** Of all files below it; undefined if not requested. */
  sums: { bytes: number, fileCount: number } | undefined
}

/** A page of folders and files. */
export interface FoldersPage {
  folders: Folder[]
  files: CountedFile[]
  /** The position where it ends, unless it is the last one. */
  end: string | undefined
}

/**
 * Lists a run's files by the bytes of their paths, files with the same path in an arbitrary but fixed order; a page shows one
 * instant. The cost is the number of entries on the page times the number of users with files in the run, however many files
 * there are; sums of folders cost as much as there are files in them.
 *
 * @param page.after where the previous page ended; undefined for the first page
 * @throws {InexactSumError} if a sum exceeds 2^53−1
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
  /** Counts from 1; one more than the page holds indicates that there are more. */
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

/** The next entry is looked for after this, in the order of the index, and by user if even the hash is the same. */
interface Position {
  path: string
  hash: string
  created_by: string | null
}

/** Sorts before every hash. */
const FIRST_HASH = '-9223372036854775808'

const LAST_HASH = '9223372036854775807'

/** Sorts after any remainder of a path, which has 1,024 bytes at most. */
const LAST_REST = '\u{10ffff}'.repeat(256)

function writePosition ({ path, hash, created_by: createdBy }: Position): string {
  return `${hash} ${createdBy ?? ''} ${path}`
}

/** @param position that `writePosition` returned */
function readPosition (position: string): Position {
  const [hash = '', createdBy = '', ...path] = position.split(' ')
  return { path: path.join(' '), hash, created_by: createdBy === '' ? null : createdBy }
}

/*
 * The statement, part by part.
 *
 *   run, creators   the run, and who has files in it
 *   entries         the page, one entry after the other: each is looked up in the index after the one before (a "loose index
 *                   scan"). After a folder, the search continues after everything that begins with it: in the order of bytes, 0
 *                   follows the slash at its end. An entry carries where to look for the next one, and whose file led to it.
 *     guess         the next file of that creator, who often has the next entry, too
 *     bound         where that file's entry begins
 *     next          the next file of all creators. The others' files are looked for only up to the bound, where there are
 *                   seldom any: a scan of the index compares every entry of an index page within its bounds, however few rows
 *                   are wanted, and reads the row of each file that it finds
 *   the rest        what is shown of folders and files. Two files may have the same path and hash, and then share a place.
 *
 * It is planned once per connection, since planning takes longer than reading a page of ten entries.
 */
export function listFoldersQuery (
  { orgKey, workflowId, runId, createdBy, prefix, hasFolders, hasSums }: FoldersQuery,
  { after, limit }: { after: string | undefined, limit: number },
) {
  const start = after === undefined ? { path: prefix, hash: FIRST_HASH, created_by: null } : readPosition(after)
  const end = `${prefix}${LAST_REST}`
  const name = `list_${hasFolders ? 'folders' : 'paths'}${createdBy === undefined ? '' : '_of_user'}${hasSums ? '_with_sums' : ''}`
  return sql<FolderRow>`${sql.raw(preparedAs(name))}
    with recursive run as materialized (
      select run_ref from runs where org_key = ${orgKey} and workflow_id = ${workflowId} and run_id = ${runId}
    ), creators as materialized (
      select distinct created_by from run_sums
      where run_ref = (select run_ref from run) and file_count > 0${createdBy === undefined ? sql`` : sql` and created_by = ${createdBy}`}
    ), entries (place, folder, path, hash, created_by, last_of) as (
      select
        0, null::text collate "C", ${start.path}::text collate "C", ${start.hash}::bigint, ${start.created_by}::uuid,
        (select created_by from creators limit 1)
      union all
      select
        entries.place + 1, entry.folder,
        case when entry.folder is null then next.path else left(entry.folder, -1) || '0' end collate "C",
        case when entry.folder is null then next.hash else ${FIRST_HASH}::bigint end,
        case when entry.folder is null then next.created_by end,
        next.created_by
      from entries left join lateral (
        ${firstOf('entries.last_of', sql`${end}::text, ${LAST_HASH}::bigint`)}
      ) as guess on true cross join lateral (
        select
          coalesce(folder, guess.path, ${end}::text) as path,
          case when folder is null then coalesce(guess.hash, ${LAST_HASH}::bigint) else ${FIRST_HASH}::bigint end as hash
        from (select ${folderOf('guess', prefix, hasFolders)} collate "C" as folder) as listed
        offset 0 -- once, not for each creator
      ) as bound cross join lateral (
        select path, hash, created_by from (
          select guess.path, guess.hash, guess.created_by where guess.path is not null
          union all
          select own.path, own.hash, own.created_by
          from creators cross join lateral (
            ${firstOf('creators.created_by', sql`bound.path, bound.hash`)}
          ) as own
          where creators.created_by <> entries.last_of
        ) as found
        order by path, hash, created_by
        limit 1
      ) as next cross join lateral (
        select ${folderOf('next', prefix, hasFolders)} collate "C" as folder
      ) as entry
      where entries.place <= ${limit}
    )
    select
      entries.place, entries.folder, entries.path, entries.hash::text, entries.created_by,
      ${hasSums ? sql`below_bytes, below_count` : sql`null as below_bytes, null as below_count`},
      objects.object_key, objects.size_bytes, ${nullableEpochMs('objects.event_time')} as event_time_ms
    from entries${hasSums ? below(limit) : sql``}
    left join objects on entries.folder is null and objects.run_ref = (select run_ref from run)
      and objects.created_by = entries.created_by and objects.path = entries.path
      and hashtextextended(objects.object_key, 0) = entries.hash
    where entries.place > 0
    order by entries.place, objects.object_key`
}

/** A creator's first file after the last entry, up to a path and hash. */
function firstOf (creator: string, end: RawBuilder<unknown>) {
  return sql`select objects.path, hashtextextended(objects.object_key, 0) as hash, objects.created_by
        from objects
        where objects.run_ref = (select run_ref from run) and objects.created_by = ${sql.ref(creator)}
          and (objects.path, hashtextextended(objects.object_key, 0)) >= (entries.path, entries.hash)
          and (objects.path, hashtextextended(objects.object_key, 0)) <= (${end})
          and (objects.path = entries.path and hashtextextended(objects.object_key, 0) = entries.hash
            and objects.created_by <= entries.created_by) is not true
        order by objects.path, hashtextextended(objects.object_key, 0)
        limit 1`
}

/** The folder that a file is listed as; null if the file itself is listed. */
function folderOf (file: string, prefix: string, hasFolders: boolean) {
  const rest = sql`substr(${sql.ref(`${file}.path`)}, char_length(${prefix}::text) + 1)`
  return hasFolders
    ? sql`case when strpos(${rest}, '/') > 0 then ${prefix}::text || left(${rest}, strpos(${rest}, '/')) end`
    : sql`null::text`
}

/** The sums of each folder of a page. */
function below (limit: number) {
  return sql`
    left join lateral (
      select sum(objects.size_bytes)::text as below_bytes, count(*)::text as below_count
      from creators join objects on objects.created_by = creators.created_by
      where objects.run_ref = (select run_ref from run)
        and objects.path >= entries.folder and objects.path < entries.path
    ) as below on entries.folder is not null and entries.place <= ${limit}`
}
