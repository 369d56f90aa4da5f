import { setTimeout } from 'node:timers/promises'
import type { Bench, Case } from '../bench.js'
import { childrenMib, residentMib } from '../child-process.js'
import { type Measure, type Measurement, growth, interleave, spread } from '../measure.js'
import type { PostgresServer } from '../services/postgres.js'
import { type ServiceProcess, startService } from '../services/service.js'
import { fillCatalogue } from './catalogue.js'

const RESTING_AFTER_MS = 3_000
const READY_WITHIN_MS = 30_000
const CATALOGUES = [10_000, 1_000_000] as const

/**
 * How long the service takes to become ready, and what it and its children rest at: with a real database and bucket, and with
 * embedded ones.
 */
export const startUp: Case = async function * (bench) {
  const { postgres, rounds } = bench
  const kinds = [
    ...postgres === undefined
      ? []
      : [{ name: 'configured', environment: { DATABASE_URL: await postgres.createDatabase() }, startMaxMs: 1_000, restingMaxMib: 120 }],
    // An empty variable counts as unset.
    {
      name: 'embedded',
      environment: { DATABASE_URL: '', S3_ENDPOINT: '', S3_ACCESS_KEY: '', S3_SECRET_KEY: '', S3_BUCKET: '' },
      startMaxMs: 1_500,
      restingMaxMib: 256,
    },
  ]
  for (const { name, environment, startMaxMs, restingMaxMib } of kinds) {
    const [startsMs, restingMib]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      const { service, startMs } = await startUntilReady(bench, environment)
      try {
        startsMs.push(startMs)
        await setTimeout(RESTING_AFTER_MS)
        restingMib.push(await residentMib(service.pid) + await childrenMib(service.pid))
      } finally {
        await service.stop()
      }
    }
    const [start, resting] = [spread(startsMs), spread(restingMib)]
    yield {
      case: `Start, ${name}, until it is ready`,
      unit: 'ms',
      measured: start,
      target: { text: `≤ ${startMaxMs.toLocaleString('en')}`, isMet: start.median <= startMaxMs },
    }
    yield {
      case: `Memory at rest, ${name}`,
      unit: 'MiB',
      measured: resting,
      target: { text: `≤ ${restingMaxMib}`, isMet: resting.median <= restingMaxMib },
    }
  }
  if (postgres !== undefined) yield await growthOfStart(bench, postgres)
}

/** How the start-up time grows with the number of files counted. */
async function growthOfStart (bench: Bench, postgres: PostgresServer): Promise<Measurement> {
  const measures: Record<string, Measure> = {}
  for (const size of CATALOGUES) {
    const environment = { DATABASE_URL: await postgres.createDatabase() }
    const start = async () => {
      const { service, startMs } = await startUntilReady(bench, environment)
      await service.stop()
      return startMs
    }
    await start()
    await fillCatalogue(environment.DATABASE_URL, 'bench', size)
    measures[size] = start
  }
  const figures = await interleave(bench.rounds, measures)
  const [few, many] = CATALOGUES.map((size) => ({ size, cost: spread(figures[size] ?? []).median }))
  if (few === undefined || many === undefined) throw new Error('There are no two sizes.')
  return growth(`Growth of the start's time from ${few.size.toLocaleString('en')} files to ${many.size.toLocaleString('en')}`, few, many)
}

async function startUntilReady (
  bench: Bench, environment: Record<string, string>,
): Promise<{ service: ServiceProcess, startMs: number }> {
  const startedAtMs = performance.now()
  const service = await startService(bench, environment)
  while (!(await fetch(`${service.origin}/health/ready`)).ok) {
    if (performance.now() - startedAtMs > READY_WITHIN_MS) {
      await service.stop()
      throw new Error('The service did not become ready.')
    }
    await setTimeout(5)
  }
  return { service, startMs: performance.now() - startedAtMs }
}
