import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Pool } from 'undici'
import type { Case } from '../bench.js'
import { atLeast, atMost, beside, interleave } from '../measure.js'
import { startNginx } from '../services/nginx.js'
import { NO_DATABASE, downloadUrl, startService } from '../services/service.js'

const KIB = 1024
const MIB = 1024 * KIB
/** Files of a measurement: so many that it lasts long enough. */
const sizes = [
  { name: '1 KiB', sizeBytes: KIB, count: 500 },
  { name: '1 MiB', sizeBytes: MIB, count: 50 },
  { name: '100 MiB', sizeBytes: 100 * MIB, count: 5 },
] as const
const RANGES = 100
const run = promisify(execFile)

/** Files that the service streams, beside nginx that passes the same bytes on from the same store; ranges of big files. */
export const streams: Case = async function * (bench) {
  const { store, rounds } = bench
  const service = await startService(bench, { DATABASE_URL: NO_DATABASE, DOWNLOAD_MODE: 'stream' })
  try {
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
      } finally {
        await nginx.stop()
      }
    }

    const [hugeKey, smallKey] = [await store.put('1GiB.bin', 1024 * MIB), await store.put('1MiB.bin', MIB)]
    const pool = new Pool(service.origin, { connections: 1 })
    const measure = (objectKey: string, sizeBytes: number) => async () =>
      await rangeMs(pool, downloadUrl(service, objectKey).slice(service.origin.length), sizeBytes)
    const { huge, small } = await interleave(rounds * 2, {
      huge: measure(hugeKey, 1024 * MIB), small: measure(smallKey, MIB),
    })
    await pool.close()
    yield beside('Range of 100 bytes of 1 GiB', 'ms', huge, { name: 'of 1 MiB', figures: small }, atMost(1.5))
  } finally {
    await service.stop()
  }
}

/** Downloads a file several times with one curl, over one connection. */
async function filesPerSecond (url: string, sizeBytes: number, count: number): Promise<number> {
  const { stdout } = await run('curl', [
    '-sf', ...Array.from({ length: count }, () => ['-o', '/dev/null', url]).flat(), '-w', '%{size_download} %{time_total}\n',
  ])
  const transfers = stdout.trim().split('\n').map((line) => line.split(' ').map(Number))
  if (transfers.length !== count || transfers.some(([bytes]) => bytes !== sizeBytes)) throw new Error('A file came short.')
  return count / transfers.reduce((sum, [, seconds = NaN]) => sum + seconds, 0)
}

async function rangeMs (pool: Pool, path: string, sizeBytes: number): Promise<number> {
  const startedAtMs = performance.now()
  for (let repetition = 0; repetition < RANGES; repetition++) {
    const first = Math.floor(Math.random() * (sizeBytes - 100))
    const { statusCode, body } = await pool.request({ method: 'GET', path, headers: { range: `bytes=${first}-${first + 99}` } })
    if (statusCode !== 206 || (await body.arrayBuffer()).byteLength !== 100) throw new Error(`The answer is ${statusCode}.`)
  }
  return (performance.now() - startedAtMs) / RANGES
}
