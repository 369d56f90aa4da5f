import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { connectPostgres } from '../../db/connection/pool.js'
import { readStorageUsage } from '../../db/usage/storage-usage.js'
import type { Case } from '../bench.js'
import { type Measure, atMost, beside, growth, interleave, spread } from '../measure.js'
import { type ServiceProcess, startService } from '../services/service.js'
import { fillCatalogue } from './catalogue.js'
import { usageRequest } from './usage-request.js'

const READS = 100
const orgKey = 'bench'

/**
 * Whether reading storage usage takes the same time however many files there are, and how long it takes without kept sums: SUM
 * over the rows, on the same connection. The request adds the cost of any answer, whatever its figures come from.
 */
export const storageUsage: Case = async function * ({ isLong, rounds, ...bench }) {
  const { postgres } = bench
  if (postgres === undefined) return
  const sizes = isLong ? [10_000, 1_000_000, 10_000_000] : [10_000, 1_000_000]
  const services: ServiceProcess[] = []
  const databases: Array<ReturnType<typeof connectPostgres>> = []
  const reads: Record<string, Measure> = {}
  const statements: Record<string, Measure> = {}
  const sums: Record<string, Measure> = {}
  try {
    for (const size of sizes) {
      const url = await postgres.createDatabase()
      const service = await startService(bench, { DATABASE_URL: url })
      services.push(service)
      const database = connectPostgres(url, () => {})
      databases.push(database)
      await fillCatalogue(url, orgKey, size)
      const read = usageRequest(service, orgKey, randomUUID())
      const { fileCount } = await read()
      if (fileCount !== size) throw new Error(`${fileCount} files are counted.`)
      reads[size] = () => meanMs(READS, read)
      statements[size] = () => meanMs(READS, () => readStorageUsage(database, { orgKey }))
      sums[size] = () => meanMs(1, () => sql`
        select workflow_id, direction, sum(size_bytes), count(*) from objects
        where org_key = ${orgKey} and removed_at is null group by workflow_id, direction`.execute(database))
    }
    const readMs = await interleave(rounds * 3, reads)
    const statementMs = await interleave(rounds, statements)
    const sumMs = await interleave(Math.min(rounds, 3), sums)
    for (const [index, size] of sizes.entries()) {
      const [measured, smallest] = [readMs[size] ?? [], readMs[sizes[0] ?? 0] ?? []]
      const statement = spread(statementMs[size] ?? [])
      const sum = { name: 'SUM over the rows', measured: spread(sumMs[size] ?? []) }
      const files = `${size.toLocaleString('en')} files`
      const faster = sum.measured.median / statement.median
      yield {
        case: `Storage usage of ${files}, on the connection that sums`,
        unit: 'ms',
        measured: statement,
        peer: sum,
        ratio: spread([1 / faster]),
        ...size === 1_000_000 ? { target: { text: '≥ 100 times faster', isMet: faster >= 100 } } : {},
      }
      yield {
        case: `Request for the storage usage of ${files}`,
        unit: 'ms',
        measured: spread(measured),
        peer: sum,
        ratio: spread([spread(measured).median / sum.measured.median]),
      }
      if (index === 0) continue
      const few = { name: `${sizes[0]?.toLocaleString('en')} files`, figures: smallest }
      yield beside(`The same, beside ${few.name}`, 'ms', measured, few, atMost(1.2))
      yield growth(`Growth of a request's time from ${few.name} to ${size.toLocaleString('en')}`,
        { size: sizes[0] ?? NaN, cost: spread(smallest).median }, { size, cost: spread(measured).median })
    }
  } finally {
    for (const service of services) await service.stop()
    for (const database of databases) await database.destroy()
  }
}

async function meanMs (repetitions: number, work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now()
  for (let count = 0; count < repetitions; count++) await work()
  return (performance.now() - startedAtMs) / repetitions
}
