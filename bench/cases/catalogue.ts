import { newRevision } from '../../db/events/revision.js'
import { onDatabase } from '../services/postgres.js'

const WORKFLOWS = 200
const USERS = 10

/** Adds an organisation's files, and their sums, to the catalogue: by 10 users, in 200 workflows of one run each. */
export async function fillCatalogue (databaseUrl: string, orgKey: string, fileCount: number): Promise<void> {
  await onDatabase(databaseUrl, `
    insert into runs (org_key, workflow_id, run_id, prefix)
    select $1, workflow, workflow, $1 || '/workflows/' || workflow || '/runs/' || workflow || '/'
    from (
      select (lpad(n::text, 8, '0') || '-0000-4000-8000-000000000001')::uuid as workflow from generate_series(0, ${WORKFLOWS - 1}) as n
    ) as workflows`, [orgKey])
  // With a revision of this build: rows without one are counted by the triggers for older builds, one by one.
  await onDatabase(databaseUrl, `
    insert into objects (
      object_key, org_key, workflow_id, run_id, created_by, direction, run_ref, path, size_bytes, event_source, event_time, revision)
    select
      prefix || 'users/' || author || '/outputs/' || lpad(n::text, 22, '0') || '/f', org_key, workflow_id, run_id, author, 'outputs',
      run_ref, 'f', 1000 + n % 100, 'bench', now(), $3::uuid
    from (
      select n,
        (lpad((n % ${WORKFLOWS})::text, 8, '0') || '-0000-4000-8000-000000000001')::uuid as workflow_id,
        (lpad((n % ${USERS})::text, 8, '0') || '-0000-4000-8000-000000000002')::uuid as author
      from generate_series(1, $1::int) as n
    ) as files join runs using (workflow_id)
    where org_key = $2`, [fileCount, orgKey, newRevision()])
  await onDatabase(databaseUrl, `
    insert into usage_sums (org_key, workflow_id, created_by, direction, size_bytes, file_count, newest_event_at)
    select org_key, workflow_id, created_by, direction, sum(size_bytes), count(*), max(event_time)
    from objects group by org_key, workflow_id, created_by, direction`)
  await onDatabase(databaseUrl, `
    insert into run_sums (run_ref, created_by, direction, size_bytes, file_count, first_seen_at, newest_event_at)
    select run_ref, created_by, direction, sum(size_bytes), count(*), min(event_time), max(event_time)
    from objects group by run_ref, created_by, direction`)
  await onDatabase(databaseUrl, 'vacuum analyze')
}
