import { type Kysely, sql } from 'kysely'
import { cutPage } from '../connection/page.js'
import { readInIndexOrder } from '../connection/index-order.js'
import type { Database, ShareKind } from '../connection/tables.js'
import { dateOf, epochMicros, epochMs, milliseconds, nullableDateOf, nullableEpochMs } from '../connection/time.js'
import { exactNumber } from '../usage/storage-usage.js'

/** A share link that someone makes. */
export interface NewShare {
  id: string
  orgKey: string
  madeBy: string
  kind: ShareKind
  /** A note for people. */
  note: string | null
  lifetimeSeconds: number
}

/** What the database knows of a share link. */
export interface RecordedShare extends Omit<NewShare, 'orgKey' | 'lifetimeSeconds'> {
  createdAt: Date
  expiresAt: Date
  useCount: number
  lastUsedAt: Date | null
  /** When it was revoked, alone or with all others. */
  revokedAt: Date | null
}

/** Which share links are concerned. */
export interface SharesScope {
  orgKey: string
  /** undefined: everyone's. */
  madeBy: string | undefined
}

/**
 * Records a share link, dated after the last time that all links of its organisation were revoked.
 *
 * @returns its times by the database's clock: when it was made, in microseconds since 1970, and when it ends
 */
export async function recordShare (
  database: Kysely<Database>, { id, orgKey, madeBy, kind, note, lifetimeSeconds }: NewShare,
): Promise<{ madeAtMicros: number, createdAt: Date, expiresAt: Date }> {
  const { rows: [row] } = await sql<{ made_at: bigint, created_at: bigint, expires_at: bigint }>`
    insert into shares (id, org_key, made_by, kind, note, created_at, expires_at)
    select ${id}::uuid, ${orgKey}, ${madeBy}::uuid, ${kind}, ${note}, made_at, made_at + ${milliseconds(lifetimeSeconds * 1000)}
    from (
      select greatest(clock_timestamp(), max(revoked_before) + interval '1 microsecond') as made_at
      from share_epochs where org_key in (${orgKey}, '')
    ) as clock
    returning ${epochMicros('created_at')} as made_at, ${epochMs('created_at')} as created_at, ${epochMs('expires_at')} as expires_at`
    .execute(database)
  if (row === undefined) throw new TypeError('A row that was written is returned.')
  return { madeAtMicros: Number(row.made_at), createdAt: dateOf(row.created_at), expiresAt: dateOf(row.expires_at) }
}

/**
 * Lists share links, the newest first, until thirty days after they have ended.
 *
 * @param page.after where the previous page ended; undefined for the first page
 * @returns the page, and where it ends unless it is the last one
 */
export async function listShares (
  database: Kysely<Database>, scope: SharesScope, { after, limit }: { after: string | undefined, limit: number },
): Promise<{ shares: RecordedShare[], end: string | undefined }> {
  const rows = await readInIndexOrder(database, listSharesQuery(scope, { after, limit: limit + 1 }).compile(database))
  const { shown, last } = cutPage(rows, limit)
  return {
    shares: shown.map((row) => ({
      id: row.id,
      madeBy: row.made_by,
      kind: row.kind,
      note: row.note,
      createdAt: dateOf(row.created_at_ms),
      expiresAt: dateOf(row.expires_at_ms),
      useCount: exactNumber(row.use_count),
      lastUsedAt: nullableDateOf(row.last_used_at_ms),
      revokedAt: nullableDateOf(row.revoked_at_ms),
    })),
    end: last && String(last.number),
  }
}

interface ShareRow {
  id: string
  number: bigint
  made_by: string
  kind: ShareKind
  note: string | null
  created_at_ms: bigint
  expires_at_ms: bigint
  use_count: bigint
  last_used_at_ms: bigint | null
  revoked_at_ms: bigint | null
}

export function listSharesQuery (
  { orgKey, madeBy }: SharesScope, { after, limit }: { after: string | undefined, limit: number },
) {
  const revokedAt = sql`least(revoked_at, case when created_at <= epoch then epoch end)`
  return sql<ShareRow>`
    select
      id, number, made_by, kind, note, use_count,
      ${epochMs('created_at')} as created_at_ms, ${epochMs('expires_at')} as expires_at_ms,
      ${nullableEpochMs('last_used_at')} as last_used_at_ms, ${nullableEpochMs(revokedAt)} as revoked_at_ms
    from shares, (select max(revoked_before) as epoch from share_epochs where org_key in (${orgKey}, '')) as epochs
    where org_key = ${orgKey}${madeBy === undefined ? sql`` : sql` and made_by = ${madeBy}`}
      ${after === undefined ? sql`` : sql`and number < ${after}::bigint`}
    order by number desc
    limit ${limit}`
}
