import { onDatabase } from '../services/postgres.js'

const WORKFLOWS = 200
const USERS = 10

/** Puts files of an organisation into the catalogue, over 200 workflows and 10 users, and their sums. */
export async function fillCatalogue (databaseUrl: string, orgKey: string, fileCount: number): Promise<void> {
  await onDatabase(databaseUrl, `
    insert into objects (
      object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, event_source, event_time, revision)
    select
      $2 || '/workflows/' || workflow || '/runs/' || workflow || '/users/' || author || '/outputs/' || lpad(n::text, 22, '0') || '/f',
      $2, workflow, workflow, author, 'outputs', 1000 + n % 100, 'bench', now(), gen_random_uuid()
    from (
      select n,
        (lpad((n % ${WORKFLOWS})::text, 8, '0') || '-0000-4000-8000-000000000001')::uuid as workflow,
        (lpad((n % ${USERS})::text, 8, '0') || '-0000-4000-8000-000000000002')::uuid as author
      from generate_series(1, $1::int) as n
    ) as files`, [fileCount, orgKey])
  await onDatabase(databaseUrl, `
    insert into usage_sums (org_key, workflow_id, created_by, direction, size_bytes, file_count, newest_event_at)
    select org_key, workflow_id, created_by, direction, sum(size_bytes), count(*), max(event_time)
    from objects group by org_key, workflow_id, created_by, direction`)
  await onDatabase(databaseUrl, 'vacuum analyze')
}
