import { type Kysely, type Migration, sql } from 'kysely'

/**
 * When each run was first counted, so that a workflow's latest runs are a range of an index, however many it has. It never
 * changes: lowering it when an earlier file arrives later would lock the run after the sums, against the lock order.
 */
export const runsFirstSeen: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`alter table runs add column first_seen_at timestamptz`.execute(database)
    // Earlier builds do not fill it in.
    await sql`
      update runs set first_seen_at = coalesce((
        select min(first_seen_at) from run_sums where run_sums.run_ref = runs.run_ref and first_seen_at < 'infinity'
      ), now())`.execute(database)
    await sql`
      alter table runs alter column first_seen_at set default now(), alter column first_seen_at set not null`.execute(database)
    await sql`create index runs_by_first_seen on runs (org_key, workflow_id, first_seen_at, run_id)`.execute(database)
  },
}
