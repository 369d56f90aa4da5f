import { type Kysely, type Migration, sql } from 'kysely'

/**
 * When an upload's file arrived: its row stays until the URL has expired, which can be used again until then. A build before
 * this one deletes the row instead.
 */
export const fulfilledUploads: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`alter table uploads add column fulfilled_at timestamptz`.execute(database)
    // Takes the place of `uploads_by_org`, which goes one version later.
    await sql`
      create index open_uploads_by_org on uploads (org_key, expires_at) include (size_bytes)
      where fulfilled_at is null`.execute(database)
  },
}
