import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Agent, type Dispatcher, request } from 'undici'
import type { Bench, Case } from '../bench.js'
import { type Cost, type Measurement, atLeast, atMost, beside, growth, interleave, spread } from '../measure.js'
import { startNginx } from '../services/nginx.js'
import { NO_DATABASE, type ServiceProcess, downloadUrl, startService } from '../services/service.js'

const KIB = 1024
const MIB = 1024 * KIB
/** File sizes, with counts that make each measurement last long enough. */
const sizes = [
  { name: '1 KiB', sizeBytes: KIB, count: 500 },
  { name: '1 MiB', sizeBytes: MIB, count: 50 },
  { name: '100 MiB', sizeBytes: 100 * MIB, count: 5 },
] as const
const RANGES = 100
const run = promisify(execFile)

/**
 * Files streamed by the service, compared with nginx passing the same bytes on from the same store; and ranges of big files.
 */
export const streams: Case = async function * (bench) {
  const { store, rounds } = bench
  const service = await startService(bench, { DATABASE_URL: NO_DATABASE, DOWNLOAD_MODE: 'stream' })
  try {
    const costs: Cost[] = []
    for (const { name, sizeBytes, count } of sizes) {
      const objectKey = await store.put(`${sizeBytes}.bin`, sizeBytes)
      const nginx = await startNginx(store.presign({ method: 'GET', objectKey, signedAt: new Date(), expiresInSeconds: 3600 }))
      try {
        const measure = (url: string) => async () => await filesPerSecond(url, sizeBytes, count)
        const { streamed, passed } = await interleave(rounds, {
          streamed: measure(downloadUrl(service, objectKey)), passed: measure(nginx.url),
        })
        yield beside(`Streamed file of ${name}, one client`, 'files/s', streamed, { name: 'nginx', figures: passed },
          sizeBytes === 100 * MIB ? atLeast(0.8) : undefined)
        costs.push({ size: sizeBytes, cost: 1 / spread(streamed).median })
      } finally {
        await nginx.stop()
      }
    }

    const [, small, big] = costs
    if (small !== undefined && big !== undefined) yield growth('Growth of a file\'s time from 1 MiB to 100 MiB', small, big)
    yield * ranges(bench, service)
  } finally {
    await service.stop()
  }
}

async function * ranges ({ store, rounds }: Bench, service: ServiceProcess): AsyncGenerator<Measurement> {
  const [hugeKey, smallKey] = [await store.put('1GiB.bin', 1024 * MIB), await store.put('1MiB.bin', MIB)]
  const nginx = await startNginx(store.presign({ method: 'GET', objectKey: hugeKey, signedAt: new Date(), expiresInSeconds: 3600 }))
  const client = new Agent({ connections: 1 })
  try {
    const { huge, small, passed } = await interleave(rounds * 2, {
      huge: () => rangeMs(client, downloadUrl(service, hugeKey), 1024 * MIB),
      small: () => rangeMs(client, downloadUrl(service, smallKey), MIB),
      passed: () => rangeMs(client, nginx.url, 1024 * MIB),
    })
    yield beside('Range of 100 bytes of 1 GiB', 'ms', huge, { name: 'of 1 MiB', figures: small }, atMost(1.5))
    yield beside('Range of 100 bytes of 1 GiB', 'ms', huge, { name: 'nginx', figures: passed })
    yield growth('Growth of a range\'s time from a file of 1 MiB to one of 1 GiB',
      { size: MIB, cost: spread(small).median }, { size: 1024 * MIB, cost: spread(huge).median })
  } finally {
    await client.close()
    await nginx.stop()
  }
}

/** Downloads a file several times with a single curl, over one connection. */
async function filesPerSecond (url: string, sizeBytes: number, count: number): Promise<number> {
  const { stdout } = await run('curl', [
    '-sf', ...Array.from({ length: count }, () => ['-o', '/dev/null', url]).flat(), '-w', '%{size_download} %{time_total}\n',
  ])
  const transfers = stdout.trim().split('\n').map((line) => line.split(' ').map(Number))
  if (transfers.length !== count || transfers.some(([bytes]) => bytes !== sizeBytes)) throw new Error('A file came short.')
  return count / transfers.reduce((sum, [, seconds = NaN]) => sum + seconds, 0)
}

async function rangeMs (client: Dispatcher, url: string, sizeBytes: number): Promise<number> {
  const startedAtMs = performance.now()
  for (let repetition = 0; repetition < RANGES; repetition++) {
    const first = Math.floor(Math.random() * (sizeBytes - 100))
    const { statusCode, body } = await request(url, { dispatcher: client, headers: { range: `bytes=${first}-${first + 99}` } })
    if (statusCode !== 206 || (await body.arrayBuffer()).byteLength !== 100) throw new Error(`The answer is ${statusCode}.`)
  }
  return (performance.now() - startedAtMs) / RANGES
}
