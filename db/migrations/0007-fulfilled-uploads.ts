import { type Kysely, type Migration, sql } from 'kysely'

/**
 * When an upload's file arrived: the row stays until the URL has expired, since the URL can be used again until then. Earlier
 * builds delete the row instead.
 */
export const fulfilledUploads: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`alter table uploads add column fulfilled_at timestamptz`.execute(database)
    // Replaces `uploads_by_org`, which is dropped one version later.
    await sql`
      create index open_uploads_by_org on uploads (org_key, expires_at) include (size_bytes)
      where fulfilled_at is null`.execute(database)
  },
}
