import { setTimeout } from 'node:timers/promises'
import type { Case } from '../bench.js'
import { residentMib } from '../child-process.js'
import { spread } from '../measure.js'
import { startService } from '../services/service.js'

const RESTING_AFTER_MS = 3_000
const READY_WITHIN_MS = 30_000
const START_MAX_MS = 1_000
const RESTING_MAX_MIB = 120

/** How long a start takes until the service is ready, and its memory at rest: with real parts, and with embedded ones. */
export const startUp: Case = async function * (bench) {
  const { postgres, rounds } = bench
  const kinds = [
    ...postgres === undefined ? [] : [{ name: 'configured', environment: { DATABASE_URL: await postgres.createDatabase() }, isTarget: true }],
    // A variable that is empty counts as unset.
    {
      name: 'embedded',
      environment: { DATABASE_URL: '', S3_ENDPOINT: '', S3_ACCESS_KEY: '', S3_SECRET_KEY: '', S3_BUCKET: '' },
      isTarget: false,
    },
  ]
  for (const { name, environment, isTarget } of kinds) {
    const [startsMs, restingMib]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      const startedAtMs = performance.now()
      const service = await startService(bench, environment)
      try {
        while (!(await fetch(`${service.origin}/health/ready`)).ok) {
          if (performance.now() - startedAtMs > READY_WITHIN_MS) throw new Error('The service did not become ready.')
          await setTimeout(5)
        }
        startsMs.push(performance.now() - startedAtMs)
        await setTimeout(RESTING_AFTER_MS)
        restingMib.push(await residentMib(service.pid))
      } finally {
        await service.stop()
      }
    }
    const [start, resting] = [spread(startsMs), spread(restingMib)]
    yield {
      case: `Start, ${name}, until it is ready`,
      unit: 'ms',
      measured: start,
      ...isTarget ? { target: { text: `≤ ${START_MAX_MS.toLocaleString('en')}`, isMet: start.median <= START_MAX_MS } } : {},
    }
    yield {
      case: `Memory at rest, ${name}`,
      unit: 'MiB',
      measured: resting,
      ...isTarget ? { target: { text: `≤ ${RESTING_MAX_MIB}`, isMet: resting.median <= RESTING_MAX_MIB } } : {},
    }
  }
}
