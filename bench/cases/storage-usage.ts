import { randomUUID } from 'node:crypto'
import type { Case } from '../bench.js'
import { type Measure, atMost, beside, growthExponent, interleave, spread } from '../measure.js'
import { onDatabase } from '../services/postgres.js'
import { type ServiceProcess, startService } from '../services/service.js'
import { usageRequest } from './usage-request.js'

const WORKFLOWS = 200
const USERS = 10
const READS = 100
const orgKey = 'bench'

/**
 * Whether reading storage usage takes the same time however many files there are, and how long the same takes where nothing
 * is kept: SUM over the rows.
 */
export const storageUsage: Case = async function * ({ isLong, rounds, ...bench }) {
  const { postgres } = bench
  if (postgres === undefined) return
  const sizes = isLong ? [10_000, 1_000_000, 10_000_000] : [10_000, 1_000_000]
  const services: ServiceProcess[] = []
  const reads: Record<string, Measure> = {}
  const sums: Record<string, Measure> = {}
  try {
    for (const size of sizes) {
      const url = await postgres.createDatabase()
      const service = await startService(bench, { DATABASE_URL: url })
      services.push(service)
      await fill(url, size)
      const read = usageRequest(service, orgKey, randomUUID())
      const { fileCount } = await read()
      if (fileCount !== size) throw new Error(`${fileCount} files are counted.`)
      reads[size] = () => meanMs(READS, read)
      sums[size] = () => meanMs(1, () => onDatabase(url, `
        select workflow_id, direction, sum(size_bytes), count(*) from objects
        where org_key = $1 and removed_at is null group by workflow_id, direction`, [orgKey]))
    }
    const readMs = await interleave(rounds * 3, reads)
    const sumMs = await interleave(Math.min(rounds, 3), sums)
    for (const [index, size] of sizes.entries()) {
      const [measured, summed, smallest] = [readMs[size] ?? [], sumMs[size] ?? [], readMs[sizes[0] ?? 0] ?? []]
      const faster = spread(summed).median / spread(measured).median
      yield {
        case: `Storage usage of ${size.toLocaleString('en')} files`,
        unit: 'ms',
        measured: spread(measured),
        peer: { name: 'SUM over the rows', measured: spread(summed) },
        ratio: spread([1 / faster]),
        ...size === 1_000_000 ? { target: { text: '≥ 100 times faster', isMet: faster >= 100 } } : {},
      }
      if (index === 0) continue
      const few = { name: `${sizes[0]?.toLocaleString('en')} files`, figures: smallest }
      yield beside(`The same, beside ${few.name}`, 'ms', measured, few, atMost(1.2))
      yield {
        case: `Growth of a read's cost up to ${size.toLocaleString('en')} files`,
        unit: '(exponent)',
        measured: spread([growthExponent(
          { size: sizes[0] ?? NaN, cost: spread(smallest).median }, { size, cost: spread(measured).median })]),
      }
    }
  } finally {
    for (const service of services) await service.stop()
  }
}

async function meanMs (repetitions: number, work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now()
  for (let count = 0; count < repetitions; count++) await work()
  return (performance.now() - startedAtMs) / repetitions
}

/** Puts files into the catalogue, and their sums. */
async function fill (databaseUrl: string, fileCount: number): Promise<void> {
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
