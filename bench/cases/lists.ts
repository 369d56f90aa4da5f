import { randomUUID } from 'node:crypto'
import { request } from 'undici'
import type { Case } from '../bench.js'
import { type Measure, interleave, spread } from '../measure.js'
import { onDatabase } from '../services/postgres.js'
import { startService } from '../services/service.js'
import { adminToken } from './usage-request.js'

const PAGE_TARGET_MS = 20
const PAGES = 20
const FILES_OF_STATEMENT = 200_000
const orgKey = 'bench'
const id = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`
/** One workflow of 1,000 runs with few files each, and one run with all the other files. */
const [manyRuns, bigWorkflow, bigRun] = [id(1), id(2), id(3)]

/**
 * How long the service takes for a page of 100 of each list, in a catalogue of 1,000,000 files in 100,000 folders of 10; with
 * `--long`, also with ten times as many.
 */
export const lists: Case = async function * ({ isLong, rounds, ...bench }) {
  const { postgres } = bench
  if (postgres === undefined) return
  for (const size of isLong ? [1_000_000, 10_000_000] : [1_000_000]) {
    const url = await postgres.createDatabase()
    const service = await startService(bench, { DATABASE_URL: url, LIST_LIMIT: '0' })
    try {
      await fill(url, size)
      const headers = { authorization: `Bearer ${adminToken(service, orgKey, randomUUID())}` }
      const ask = async (path: string) => {
        const { body, statusCode } = await request(`${service.origin}/api/v1/objects${path}`, { headers })
        if (statusCode !== 200) throw new Error(await body.text())
        return await body.json()
      }
      const page = (path: string): Measure => async () => {
        const startedAtMs = performance.now()
        for (let count = 0; count < PAGES; count++) await ask(path)
        return (performance.now() - startedAtMs) / PAGES
      }
      const run = `?workflowId=${bigWorkflow}&runId=${bigRun}&delimiter=/`
      const pages: Record<string, Measure> = {
        'Page of workflows': page('/workflows'),
        'Page of 1,000 runs': page(`/workflows/${manyRuns}/runs`),
        'Page of 1,000 runs, by bytes': page(`/workflows/${manyRuns}/runs?sort=bytes`),
        'Page of 100 folders': page(run),
        'Page of 100 folders of 10 files, with sums': page(`${run}&prefix=5/&sums=true`),
        'Page of a folder of 10 files': page(`${run}&prefix=5/70/`),
        'Page of files, by path': page(`?workflowId=${bigWorkflow}&runId=${bigRun}&prefix=`),
        'Page of the largest files': page('/storage-usage/largest'),
        'Page of users': page('/storage-usage/users'),
      }
      const figures = await interleave(rounds, pages)
      for (const [name, ms] of Object.entries(figures)) {
        const measured = spread(ms)
        yield {
          case: `${name}, of ${size.toLocaleString('en')} files`,
          unit: 'ms',
          measured,
          target: { text: `< ${PAGE_TARGET_MS}`, isMet: measured.median < PAGE_TARGET_MS },
        }
      }
    } finally {
      await service.stop()
    }
  }
}

/** Adds files of 10 users; one file in a thousand has 1 MiB or more. */
async function fill (url: string, size: number): Promise<void> {
  const insertRun = 'insert into runs (org_key, workflow_id, run_id, prefix) values ($1, $2, $3, \'\')'
  await onDatabase(url, insertRun, [orgKey, bigWorkflow, bigRun])
  await onDatabase(url, `
    insert into runs (org_key, workflow_id, run_id, prefix, first_seen_at)
    select $1, $2::uuid, gen_random_uuid(), '', now() - n * interval '1 minute' from generate_series(1, 1000) as n`, [orgKey, manyRuns])
  for (let first = 0; first < size; first += FILES_OF_STATEMENT) {
    await onDatabase(url, `
      insert into objects (
        object_key, org_key, workflow_id, run_id, created_by, direction, run_ref, path, size_bytes, observed_at, revision)
      select
        org_key || '/workflows/' || workflow_id || '/runs/' || run_id || '/users/' || author || '/outputs/' || left(md5(n::text), 22) || '/' || file,
        org_key, workflow_id, run_id, author, 'outputs', run_ref, file, case when n % 1000 = 0 then 1048576 + n else n % 1000 end, now(),
        'ffffffff-ffff-8000-8000-000000000000'
      from (
        select n, ('00000000-0000-4000-9000-00000000000' || n % 10)::uuid as author,
          n / 10 % 100 || '/' || n / 1000 || '/' || n % 10 as file
        from generate_series($1::bigint, $2::bigint) as n
      ) as files, runs
      where run_id = $3`, [first, Math.min(first + FILES_OF_STATEMENT, size) - 1, bigRun])
  }
  await onDatabase(url, `
    insert into run_sums (run_ref, created_by, direction, size_bytes, file_count, first_seen_at)
    select run_ref, created_by, direction, sum(size_bytes), count(*), min(observed_at) from objects group by 1, 2, 3`)
  await onDatabase(url, `
    insert into run_sums (run_ref, created_by, direction, size_bytes, file_count, first_seen_at)
    select run_ref, ('00000000-0000-4000-9000-00000000000' || run_ref % 10)::uuid, 'outputs', run_ref, 1, first_seen_at
    from runs where run_id <> $1`, [bigRun])
  await onDatabase(url, `
    insert into usage_sums (org_key, workflow_id, created_by, direction, size_bytes, file_count)
    select org_key, workflow_id, created_by, direction, sum(size_bytes), sum(file_count)
    from run_sums join runs using (run_ref) group by 1, 2, 3, 4`)
  await onDatabase(url, 'vacuum analyze')
}
