import { type Kysely, type Migration, sql } from 'kysely'

/** The storage limits of organisations that have one. */
export const quotas: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`
      create table orgs (
        org_key text collate "C" primary key,
        quota_bytes bigint not null check (quota_bytes >= 0),
        updated_at timestamptz not null default now()
      )`.execute(database)
    await sql`create index uploads_by_org on uploads (org_key, expires_at) include (size_bytes)`.execute(database)
  },
}
