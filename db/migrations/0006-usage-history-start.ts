import { type Kysely, type Migration, sql } from 'kysely'

/** The day from which on usage over time is known: the one of the first start. */
export const usageHistoryStart: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`
      create table usage_history_start (
        is_only boolean primary key default true check (is_only),
        began_on date not null
      )`.execute(database)
    // Builds before took the day before their first start for known; where that was after its end, its row says so.
    await sql`
      insert into usage_history_start (began_on)
      select case when is_filled then day + 1 else day end from usage_days order by day limit 1`.execute(database)
  },
}
