/*
 * Whether reading storage usage takes the same time however many files there are: 10,000 and 1,000,000 of them, over the
 * same workflows, read in turn. Build first; run on an idle machine:
 *   BENCH_DATABASE_URL=postgres://… node --import @tapjs/typescript/import bench/storage-usage.ts
 */
import { randomUUID } from 'node:crypto'
import { type CountedService, onServer, startCountedService } from './counted-service.js'
import { compare, format } from './measure.js'
import { usageRequest } from './usage-request.js'

const FILE_COUNTS = [10_000, 1_000_000] as const
const ROUNDS = 30
const READS_PER_ROUND = 100
const orgKey = 'bench'
const userId = randomUUID()

const services = await Promise.all([startCountedService(), startCountedService()])
try {
  const reads = []
  for (const [index, service] of services.entries()) {
    const fileCount = FILE_COUNTS[index] ?? 0
    await fill(service, fileCount)
    const read = usageRequest(service, orgKey, userId)
    console.log(`${fileCount.toLocaleString('en')} files:`, await read())
    reads.push(async () => {
      const startedAt = performance.now()
      for (let count = 0; count < READS_PER_ROUND; count++) await read()
      return (performance.now() - startedAt) / READS_PER_ROUND
    })
  }
  const [readFew, readMany] = reads
  if (readFew === undefined || readMany === undefined) throw new Error('There must be two databases.')
  await compare(5, readMany, readFew)
  const { first, second, ratio } = await compare(ROUNDS, readMany, readFew)
  console.log(`a read with 1,000,000 files: ${format(first, 2)} ms; with 10,000: ${format(second, 2)} ms; ratio ${format(ratio, 2)}`)
} finally {
  await Promise.all(services.map((service) => service.stop()))
}

/** Puts files of 20 workflows and 10 users into the catalogue, and their sums. */
async function fill ({ databaseUrl }: CountedService, fileCount: number): Promise<void> {
  await onServer(databaseUrl, `
    insert into objects (
      object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, event_source, event_time, revision)
    select
      $2 || '/workflows/' || workflow || '/runs/' || workflow || '/users/' || author || '/outputs/' || lpad(n::text, 22, '0') || '/f',
      $2, workflow, workflow, author, 'outputs', 1000 + n % 100, 'bench', now(), gen_random_uuid()
    from (
      select n,
        (lpad((n % 20)::text, 8, '0') || '-0000-4000-8000-000000000001')::uuid as workflow,
        (lpad((n % 10)::text, 8, '0') || '-0000-4000-8000-000000000002')::uuid as author
      from generate_series(1, $1::int) as n
    ) as files`, [fileCount, orgKey])
  await onServer(databaseUrl, `
    insert into usage_sums (org_key, workflow_id, created_by, direction, size_bytes, file_count, newest_event_at)
    select org_key, workflow_id, created_by, direction, sum(size_bytes), count(*), max(event_time)
    from objects group by org_key, workflow_id, created_by, direction`)
  await onServer(databaseUrl, 'vacuum analyze')
}
