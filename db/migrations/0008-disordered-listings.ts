import { type Kysely, type Migration, sql } from 'kysely'

/** Which organisations a reconcile left out, and whether it proceeds organisation by organisation. */
export const disorderedListings: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`
      alter table reconciliations
        add column is_by_organisation boolean not null default false,
        add column disordered_org_keys text[] collate "C" not null default '{}'`.execute(database)
  },
}
