import { type Kysely, type Migration, sql } from 'kysely'

/** The holders of work that only one process may do at a time, and until when they hold it unless they renew it. */
export const leases: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`
      create table leases (
        name text collate "C" primary key,
        holder uuid not null,
        token bigint not null,
        expires_at timestamptz not null
      )`.execute(database)
  },
}
