import { type ServerProcess, benchProgram, load, runProgram, startServer } from '../child-process.js'
import type { Bench, Case } from '../bench.js'
import { type Measure, atLeast, atMost, beside, growth, interleave, spread } from '../measure.js'
import { NO_DATABASE, downloadUrl, startService } from '../services/service.js'

const CONNECTIONS = 32
const UNIT = 'requests/s'
// It takes Node.js some thousands of look-ups to compile most of what they run.
const COLD_KEYS_PER_MEASUREMENT = 8_000
const WARM_KEYS = 5_000
const FOREIGN_KEY = 'somebody-elses/file.txt'

interface RequestOptions {
  headers?: Record<string, string>
  key?: string
}

/**
 * Downloads that redirect, compared with a bare Fastify route that checks the same query and answers a fixed 302 under the same
 * logger and settings, and with two simple designs: one has minio-js sign each request, the other asks PostgreSQL for each one.
 * A key that has not been asked for before costs a signed HEAD at the store, so it is compared with the bare HEAD.
 *
 * Each round starts new processes: two processes of the same program may differ by a tenth for as long as they run.
 */
export const redirects: Case = async function * (bench) {
  const rounds: Array<Record<string, number>> = []
  for (let round = 0; round < bench.rounds; round++) rounds.push(await measureRound(bench))
  const of = (name: string) => rounds.map((figures) => figures[name] ?? NaN)

  const bare = { name: 'bare Fastify 302', figures: of('bare') }
  yield beside('Redirect of a warm key', UNIT, of('warm'), bare, atLeast(0.85))
  yield beside('Redirect of a warm key, 99 % within', 'ms', of('warm p99'), { name: bare.name, figures: of('bare p99') }, atMost(2))
  yield beside('Redirect of a warm key', UNIT, of('warm'), { name: 'minio-js signs each', figures: of('presigning') })
  if (bench.postgres !== undefined) {
    yield beside('Redirect of a warm key', UNIT, of('warm'), { name: 'PostgreSQL asked for each', figures: of('asking') })
  }
  yield beside('JSON variant of a warm key', UNIT, of('json'), bare)
  yield beside('404 of a malformed key', UNIT, of('foreign'), bare)
  const floor = { name: 'bare signed HEAD', figures: of('heads') }
  yield beside('Redirect of a cold key', UNIT, of('cold'), floor, atLeast(0.8))
  yield beside('HEAD of a file', UNIT, of('described'), floor)
  yield growth(`Growth of a redirect's time from 1 warm key to ${WARM_KEYS.toLocaleString('en')}`,
    { size: 1, cost: 1 / spread(of('oneWarm')).median }, { size: WARM_KEYS, cost: 1 / spread(of('manyWarm')).median })
}

/** Measures everything once, after a warm-up, and returns the figures by name: requests per second, or milliseconds. */
async function measureRound (bench: Bench): Promise<Record<string, number>> {
  const { store, postgres } = bench
  const servers: ServerProcess[] = []
  const started = async (starting: Promise<ServerProcess>) => {
    const server = await starting
    servers.push(server)
    return server
  }
  try {
    const service = await started(startService(bench, { DATABASE_URL: NO_DATABASE }))
    const bare = await started(startServer(benchProgram('bare-redirect'), {}))
    const presigning = await started(startServer(benchProgram('naive-presign'), store.environment))
    const asking = postgres === undefined
      ? undefined
      : await started(startServer(benchProgram('naive-database'), { DATABASE_URL: await postgres.createDatabase() }))
    const objectKey = await store.put('warm.bin', 1000)
    const figures: Record<string, number> = {}
    const measure = (name: string, server: ServerProcess, status: number, options: RequestOptions = {}) => async () => {
      const { key = objectKey, ...request } = options
      const { perSecond, p99Ms } = await load(downloadUrl(server, key), {
        connections: CONNECTIONS, seconds: bench.seconds, status, ...request,
      })
      figures[name] = perSecond
      figures[`${name} p99`] = p99Ms
      return perSecond
    }
    const measures: Record<string, Measure> = {
      warm: measure('warm', service, 302),
      bare: measure('bare', bare, 302),
      json: measure('json', service, 200, { headers: { accept: 'application/json' } }),
      foreign: measure('foreign', service, 404, { key: FOREIGN_KEY }),
      presigning: measure('presigning', presigning, 302),
      ...asking === undefined ? {} : { asking: measure('asking', asking, 302) },
    }
    await interleave(1, measures)
    return { ...figures, ...await measureLookUps(bench, service), ...await measureWarmKeys(bench) }
  } finally {
    for (const server of servers) await server.stop()
  }
}

/** Measures what costs the store a HEAD (a key not asked for before, and the HEAD of a file) and the bare HEAD itself. */
async function measureLookUps ({ store }: Bench, service: ServerProcess): Promise<Record<string, number>> {
  const objectKeys: string[] = []
  // Three measurements, two times.
  while (objectKeys.length < COLD_KEYS_PER_MEASUREMENT * 3 * 2) {
    objectKeys.push(...await Promise.all(Array.from({ length: 64 }, () => store.put('cold.bin', 10))))
  }
  const eachOnce = (method: string, status: number, urlOf: (objectKey: string) => string) => async () => {
    const [perSecond = NaN] = await runProgram('request-each', [method, String(CONNECTIONS), String(status)], {
      input: objectKeys.splice(0, COLD_KEYS_PER_MEASUREMENT).map(urlOf).join('\n'),
    })
    return perSecond
  }
  const { cold: [cold = NaN], described: [described = NaN], heads: [heads = NaN] } = await interleave(1, {
    cold: eachOnce('GET', 302, (objectKey) => downloadUrl(service, objectKey)),
    described: eachOnce('HEAD', 200, (objectKey) => downloadUrl(service, objectKey)),
    heads: eachOnce('HEAD', 200, (objectKey) =>
      store.presign({ method: 'HEAD', objectKey, signedAt: new Date(), expiresInSeconds: 600 })),
  })
  return { cold, described, heads }
}

/** Measures redirects of one key, and of many, all of them found before. */
async function measureWarmKeys (bench: Bench): Promise<Record<string, number>> {
  const service = await startService(bench, { DATABASE_URL: NO_DATABASE, EXISTENCE_TTL: '600' })
  try {
    const urls: string[] = []
    while (urls.length < WARM_KEYS) urls.push(downloadUrl(service, await bench.store.put('warm.bin', 10)))
    const request = (requested: string[]) => async () => {
      const [perSecond = NaN] = await runProgram('request-each', ['GET', String(CONNECTIONS), '302'], { input: requested.join('\n') })
      return perSecond
    }
    const { one: [oneWarm = NaN], many: [manyWarm = NaN] } = await interleave(1, {
      one: request(urls.map(() => urls[0] ?? '')), many: request(urls),
    })
    return { oneWarm, manyWarm }
  } finally {
    await service.stop()
  }
}
