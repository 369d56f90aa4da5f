import { type ServerProcess, benchProgram, load, runProgram, startServer } from '../child-process.js'
import type { Bench, Case } from '../bench.js'
import { type Measurement, atLeast, atMost, beside, interleave } from '../measure.js'
import { NO_DATABASE, downloadUrl, startService } from '../services/service.js'

const CONNECTIONS = 32
const UNIT = 'requests/s'
const COLD_KEYS_PER_ROUND = 2_000
const FOREIGN_KEY = 'somebody-elses/file.txt'

interface RequestOptions {
  headers?: Record<string, string>
  key?: string
}

/**
 * Downloads that redirect, beside a bare Fastify route that checks the same query and answers a fixed 302 under the same
 * logger and settings, and beside two simple designs: minio-js signs for each request; PostgreSQL is asked for each one. A
 * key that nobody has asked for yet costs a signed HEAD at the store: it stands beside the bare HEAD.
 */
export const redirects: Case = async function * (bench) {
  const { store, postgres } = bench
  const servers: Record<string, ServerProcess> = {}
  try {
    const service = servers.service = await startService(bench, { DATABASE_URL: NO_DATABASE })
    const bare = servers.bare = await startServer(benchProgram('bare-redirect'), {})
    const presigning = servers.presigning = await startServer(benchProgram('naive-presign'), store.environment)
    const asking = postgres === undefined
      ? undefined
      : servers.asking = await startServer(benchProgram('naive-database'), { DATABASE_URL: await postgres.createDatabase() })
    const objectKey = await store.put('warm.bin', 1000)

    const latenciesMs: Record<string, number[]> = {}
    const measure = (name: string, server: ServerProcess, status: number, options: RequestOptions = {}) => async () => {
      const { key = objectKey, ...request } = options
      const { perSecond, p99Ms } = await load(downloadUrl(server, key), {
        connections: CONNECTIONS, seconds: bench.seconds, status, ...request,
      })
      const latencies = latenciesMs[name] ??= []
      latencies.push(p99Ms)
      return perSecond
    }
    const figures = await interleave(bench.rounds, {
      warm: measure('warm', service, 302),
      bare: measure('bare', bare, 302),
      json: measure('json', service, 200, { headers: { accept: 'application/json' } }),
      foreign: measure('foreign', service, 404, { key: FOREIGN_KEY }),
      presigning: measure('presigning', presigning, 302),
    })
    const bareFigures = { name: 'bare Fastify 302', figures: figures.bare }
    yield beside('Redirect of a warm key', UNIT, figures.warm, bareFigures, atLeast(0.85))
    // The first figure is of the round before the first, which does not count.
    const [p99, bareP99] = [latenciesMs.warm?.slice(1) ?? [], latenciesMs.bare?.slice(1) ?? []]
    yield beside('Redirect of a warm key, 99 % within', 'ms', p99, { name: 'bare Fastify 302', figures: bareP99 }, atMost(2))
    yield beside('Redirect of a warm key', UNIT, figures.warm, { name: 'minio-js signs each', figures: figures.presigning })
    if (asking !== undefined) {
      const rivals = await interleave(bench.rounds, { warm: measure('again', service, 302), asking: measure('asking', asking, 302) })
      yield beside('Redirect of a warm key', UNIT, rivals.warm, { name: 'PostgreSQL asked for each', figures: rivals.asking })
    }
    yield beside('JSON variant of a warm key', UNIT, figures.json, bareFigures)
    yield beside('404 of a key that is none', UNIT, figures.foreign, bareFigures)
    yield * lookUps(bench, service)
  } finally {
    for (const server of Object.values(servers)) await server.stop()
  }
}

/** What costs the store a HEAD, beside the bare HEAD: a key that nobody has asked for yet, and the HEAD of a file. */
async function * lookUps ({ store, rounds }: Bench, service: ServerProcess): AsyncGenerator<Measurement> {
  const objectKeys: string[] = []
  while (objectKeys.length < COLD_KEYS_PER_ROUND * (rounds + 1) * 3) {
    objectKeys.push(...await Promise.all(Array.from({ length: 64 }, () => store.put('cold.bin', 10))))
  }
  const eachOnce = (method: string, status: number, urlOf: (objectKey: string) => string) => async () => {
    const [perSecond = NaN] = await runProgram('request-each', [method, String(CONNECTIONS), String(status)], {
      input: objectKeys.splice(0, COLD_KEYS_PER_ROUND).map(urlOf).join('\n'),
    })
    return perSecond
  }
  const { cold, described, heads } = await interleave(rounds, {
    cold: eachOnce('GET', 302, (objectKey) => downloadUrl(service, objectKey)),
    described: eachOnce('HEAD', 200, (objectKey) => downloadUrl(service, objectKey)),
    heads: eachOnce('HEAD', 200, (objectKey) =>
      store.presign({ method: 'HEAD', objectKey, signedAt: new Date(), expiresInSeconds: 600 })),
  })
  const floor = { name: 'bare signed HEAD', figures: heads }
  yield beside('Redirect of a cold key', UNIT, cold, floor, atLeast(0.8))
  yield beside('HEAD of a file', UNIT, described, floor)
}
