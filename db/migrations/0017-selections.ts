import { type Kysely, type Migration, sql } from 'kysely'

/** Files that were selected for an archive, each selection with the share link that leads to it. */
export const selections: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`alter table shares drop constraint shares_kind_check`.execute(database)
    await sql`alter table shares add constraint shares_kind_check check (kind in ('file', 'run', 'folder', 'selection'))`.execute(database)
    await sql`
      create table selections (
        share_id uuid primary key references shares on delete cascade,
        object_keys text[] not null
      )`.execute(database)
  },
}
