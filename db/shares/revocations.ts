import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { dateOf, databaseNow, epochMicros, epochMs, milliseconds } from '../connection/time.js'
import type { SharesScope } from './shares.js'

/** When a share link was revoked, and when it would have ended anyway. */
export interface RevokedRow {
  id: string
  revokedAt: Date
  expiresAtMs: number
}

/** What has changed since a point in time, and when that was read. */
export interface RevocationChanges {
  /** Links that have not ended by themselves. */
  revoked: Array<{ id: string, expiresAtMs: number }>
  epochs: Array<{ orgKey: string, revokedBeforeMicros: number }>
  /** In milliseconds since 1970 by the database's clock: all that was committed by then was read. */
  asOfMs: number
}

const PAGE_ROWS = 10_000
/** How old a change may be when it becomes visible: no statement that makes one takes longer to commit. */
const OVERLAP_MS = 60_000

/**
 * Revokes a share link; one that is already revoked keeps its time of revocation.
 *
 * @returns undefined if there is no such link within the scope
 */
export async function revokeShare (
  database: Kysely<Database>, { orgKey, madeBy }: SharesScope, id: string,
): Promise<RevokedRow | undefined> {
  const { rows: [row] } = await sql<{ revoked_at: bigint, expires_at: bigint }>`
    update shares set revoked_at = coalesce(revoked_at, ${databaseNow})
    where id = ${id}::uuid and org_key = ${orgKey}${madeBy === undefined ? sql`` : sql` and made_by = ${madeBy}`}
    returning ${epochMs('revoked_at')} as revoked_at, ${epochMs('expires_at')} as expires_at`.execute(database)
  return row && { id, revokedAt: dateOf(row.revoked_at), expiresAtMs: Number(row.expires_at) }
}

/**
 * Revokes all share links that an organisation has.
 *
 * @param orgKey empty for those of all organisations
 * @returns when that was, in microseconds since 1970 by the database's clock
 */
export async function revokeAllShares (database: Kysely<Database>, orgKey: string): Promise<number> {
  const { rows: [row] } = await sql<{ revoked_before: bigint }>`
    insert into share_epochs (org_key, revoked_before) values (${orgKey}, ${databaseNow})
    on conflict (org_key) do update set
      revoked_before = greatest(${databaseNow}, share_epochs.revoked_before + interval '1 microsecond')
    returning ${epochMicros('revoked_before')} as revoked_before`.execute(database)
  if (row === undefined) throw new TypeError('A row that was written is returned.')
  return Number(row.revoked_before)
}

/**
 * Reads what was revoked since an earlier reading, or everything that matters.
 *
 * @param sinceMs `asOfMs` of the earlier reading
 */
export async function readRevocations (database: Kysely<Database>, sinceMs: number | undefined): Promise<RevocationChanges> {
  const since = sinceMs === undefined ? undefined : sql`to_timestamp(${sinceMs / 1000}) - ${milliseconds(OVERLAP_MS)}`
  const { rows } = await sql<{ as_of: bigint, org_key: string | null, revoked_before: bigint }>`
    select ${epochMs('as_of')} as as_of, org_key, ${epochMicros('revoked_before')} as revoked_before
    from (select ${databaseNow} as as_of) as clock
    left join share_epochs on ${since === undefined ? sql`true` : sql`revoked_before >= ${since}`}`.execute(database)
  return {
    revoked: await readRevokedShares(database, since),
    epochs: rows.flatMap(({ org_key: orgKey, revoked_before: revokedBefore }) =>
      orgKey === null ? [] : [{ orgKey, revokedBeforeMicros: Number(revokedBefore) }]),
    asOfMs: Number(rows[0]?.as_of),
  }
}

/** In pages, so that no statement takes long however many there are. */
async function readRevokedShares (database: Kysely<Database>, since: RawBuilder<unknown> | undefined) {
  const revoked: RevocationChanges['revoked'] = []
  for (let after: string | undefined; ;) {
    const { rows } = await sql<{ id: string, expires_at: bigint }>`
      select id, ${epochMs('expires_at')} as expires_at from shares
      where revoked_at is not null and expires_at > ${databaseNow}${since === undefined ? sql`` : sql` and revoked_at >= ${since}`}
        ${after === undefined ? sql`` : sql`and id > ${after}::uuid`}
      order by id limit ${PAGE_ROWS}`.execute(database)
    for (const { id, expires_at: expiresAt } of rows) revoked.push({ id, expiresAtMs: Number(expiresAt) })
    after = rows.at(-1)?.id
    if (rows.length < PAGE_ROWS) return revoked
  }
}
