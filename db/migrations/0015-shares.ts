import { type Kysely, type Migration, sql } from 'kysely'

/** Share links: who made each, until when it lasts, and how often it was used. What it leads to is only in the link. */
export const shares: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`
      create table shares (
        id uuid primary key,
        number bigint not null generated always as identity,
        org_key text collate "C" not null,
        made_by uuid not null,
        kind text not null check (kind in ('file', 'run', 'folder')),
        note text,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        use_count bigint not null default 0 check (use_count >= 0),
        last_used_at timestamptz,
        revoked_at timestamptz
      )`.execute(database)
    // The newest first: an organisation's, or one user's.
    await sql`create index shares_by_number on shares (org_key, number)`.execute(database)
    await sql`create index shares_of_user_by_number on shares (org_key, made_by, number)`.execute(database)
    await sql`create index shares_by_expiry on shares (expires_at)`.execute(database)
    // Replicas read all revoked ones when they start, and then those that were revoked since.
    await sql`create index revoked_shares_by_id on shares (id) where revoked_at is not null`.execute(database)
    await sql`create index revoked_shares_by_time on shares (revoked_at) where revoked_at is not null`.execute(database)
    // The empty key stands for all organisations.
    await sql`
      create table share_epochs (
        org_key text collate "C" primary key,
        revoked_before timestamptz not null
      )`.execute(database)
    await sql`create index share_epochs_by_time on share_epochs (revoked_before)`.execute(database)
  },
}
