import { type Kysely, type Migration, sql } from 'kysely'

/** The store's id of an upload in parts, which is aborted there where its sender gives it up. */
export const multipartUploads: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`alter table uploads add column store_upload_id text`.execute(database)
    await sql`
      create index open_multipart_uploads_by_expiry on uploads (expires_at) where store_upload_id is not null`.execute(database)
  },
}
