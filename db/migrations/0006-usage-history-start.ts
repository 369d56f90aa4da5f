import { type Kysely, type Migration, sql } from 'kysely'

/** The first day with known usage: that of the first start. */
export const usageHistoryStart: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`
      create table usage_history_start (
        is_only boolean primary key default true check (is_only),
        began_on date not null
      )`.execute(database)
    // Earlier builds took the day before their first start for known; if they started after its end, its row says so.
    await sql`
      insert into usage_history_start (began_on)
      select case when is_filled then day + 1 else day end from usage_days order by day limit 1`.execute(database)
  },
}
