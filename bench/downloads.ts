/*
 * How downloads compare with what they cost at the least, each case beside its peer in the same run:
 *   a redirect of a warm key, with a bare Fastify route that checks the same query and answers a fixed 302;
 *   a redirect of a cold key, with the bare signed HEAD that it cannot do without;
 *   a streamed file of 100 MiB, with nginx in front of the same store;
 *   a range of 100 bytes of 1 GiB, with the same range of 1 MiB.
 * Run on an idle machine, as npm run bench:downloads. Without BENCH_S3_ENDPOINT, BENCH_S3_ACCESS_KEY and
 * BENCH_S3_SECRET_KEY the store is the embedded one, in a process of its own.
 */
import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { Client } from 'minio'
import { Pool } from 'undici'
import { mintObjectKey } from '../objects/object-key.js'
import { createPresign } from '../objects/presigning.js'
import { type ServerProcess, benchProgram, startServer } from './child-process.js'
import { type Spread, compare, format } from './measure.js'
import { startNginx } from './nginx.js'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5)
const SECONDS = Number(process.env.BENCH_SECONDS ?? 5)
const CONCURRENCY = 32
const COLD_KEYS_PER_ROUND = 2_000
const MIB = 1024 * 1024
const run = promisify(execFile)

const bucket = `bench-${randomUUID()}`
const accessKey = process.env.BENCH_S3_ACCESS_KEY ?? 'bench'
const secretKey = process.env.BENCH_S3_SECRET_KEY ?? 'bench-secret'
const stopping: Array<() => Promise<void>> = []

async function start (program: string[], environment: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await startServer(program, environment)
  stopping.unshift(server.stop)
  return server
}

function report (name: string, unit: string, compared: Record<'first' | 'second' | 'ratio', Spread>, peer: string): void {
  const { first, second, ratio } = compared
  console.log(`${name}: ${format(first)} ${unit}; ${peer}: ${format(second)} ${unit}; ratio ${format(ratio, 2)}`)
}

try {
  const endpoint = process.env.BENCH_S3_ENDPOINT ??
    (await start(benchProgram('embedded-store'), { S3_BUCKET: bucket, S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: secretKey })).origin
  const { hostname, port } = new URL(endpoint)
  const minio = new Client({
    endPoint: hostname, port: Number(port), useSSL: false, accessKey, secretKey, region: 'us-east-1', pathStyle: true,
  })
  if (!await minio.bucketExists(bucket)) await minio.makeBucket(bucket)
  const presign = createPresign({ endpoint, region: 'us-east-1', bucket, accessKey, secretKey })
  const ids = [randomUUID(), randomUUID(), randomUUID()] as const
  const mint = (fileName: string) => mintObjectKey({
    orgKey: 'bench', workflowId: ids[0], runId: ids[1], createdBy: ids[2], direction: 'outputs', fileName,
  })
  const put = async (fileName: string, sizeBytes: number) => {
    const objectKey = mint(fileName)
    const block = Buffer.alloc(MIB, 'x')
    const blocks = function * () {
      for (let left = sizeBytes; left > 0; left -= MIB) yield left < MIB ? block.subarray(0, left) : block
    }
    await minio.putObject(bucket, objectKey, Readable.from(blocks()), sizeBytes, { 'Content-Type': 'application/octet-stream' })
    return objectKey
  }

  const dataDirectory = await mkdtemp(join(tmpdir(), 'objects-storage-bench-'))
  stopping.push(async () => { await rm(dataDirectory, { recursive: true, force: true }) })
  const startService = async (mode: 'redirect' | 'stream') => await start(['dist/server.js'], {
    PORT: '0',
    HOST: '127.0.0.1',
    DATA_DIR: join(dataDirectory, mode),
    // Downloads need no database, and the memory of the embedded one is not what this is about.
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    S3_ENDPOINT: endpoint,
    S3_ACCESS_KEY: accessKey,
    S3_SECRET_KEY: secretKey,
    S3_BUCKET: bucket,
    DOWNLOAD_MODE: mode,
  })
  const redirecting = await startService('redirect')
  const streaming = await startService('stream')
  const bare = await start(benchProgram('bare-redirect'))
  const download = ({ origin }: ServerProcess, objectKey: string) =>
    `${origin}/api/v1/objects/download?objectKey=${encodeURIComponent(objectKey)}`

  const warmKey = await put('warm.bin', 1000)
  const perSecond = async (url: string) => {
    const { stdout } = await run('node', [
      'node_modules/autocannon/autocannon.js', '--json', '-c', String(CONCURRENCY), '-d', String(SECONDS), url,
    ])
    const { requests, errors, '3xx': redirects } = JSON.parse(stdout)
    if (errors > 0 || redirects === 0) throw new Error(`${errors} errors, ${redirects} redirects`)
    return Number(requests.average)
  }
  await perSecond(download(redirecting, warmKey))
  await perSecond(download(bare, warmKey))
  report('Redirect, warm key', 'requests/s',
    await compare(ROUNDS, () => perSecond(download(redirecting, warmKey)), () => perSecond(download(bare, warmKey))), 'bare Fastify 302')

  const coldKeys: string[] = []
  while (coldKeys.length < COLD_KEYS_PER_ROUND * (ROUNDS + 1) * 2) {
    coldKeys.push(...await Promise.all(Array.from({ length: 64 }, async () => await put('cold.bin', 10))))
  }
  const eachOnce = async (method: string, status: number, urlOf: (objectKey: string) => string) => {
    const program = [...benchProgram('request-each'), method, String(CONCURRENCY), String(status)]
    const child = spawn(process.execPath, program, { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.end(coldKeys.splice(0, COLD_KEYS_PER_ROUND).map(urlOf).join('\n'))
    let output = ''
    for await (const chunk of child.stdout) output += String(chunk)
    return Number(output)
  }
  const coldRedirects = async () => await eachOnce('GET', 302, (objectKey) => download(redirecting, objectKey))
  const bareHeads = async () => await eachOnce('HEAD', 200, (objectKey) =>
    presign({ method: 'HEAD', objectKey, signedAt: new Date(), expiresInSeconds: 600 }))
  await coldRedirects()
  await bareHeads()
  report('Redirect, cold key', 'requests/s', await compare(ROUNDS, coldRedirects, bareHeads), 'bare signed HEAD')

  const bigKey = await put('100MiB.bin', 100 * MIB)
  const nginx = await startNginx(presign({ method: 'GET', objectKey: bigKey, signedAt: new Date(), expiresInSeconds: 3600 }))
  stopping.unshift(nginx.stop)
  const mibPerSecond = async (url: string) => {
    const { stdout } = await run('curl', ['-sf', '-o', '/dev/null', '-w', '%{size_download} %{speed_download}', url])
    const [sizeBytes, bytesPerSecond] = stdout.split(' ').map(Number)
    if (sizeBytes !== 100 * MIB) throw new Error(`${sizeBytes} bytes came.`)
    return (bytesPerSecond ?? NaN) / MIB
  }
  report('Streamed 100 MiB', 'MiB/s',
    await compare(ROUNDS * 3, () => mibPerSecond(download(streaming, bigKey)), () => mibPerSecond(nginx.url)), 'nginx')

  const hugeKey = await put('1GiB.bin', 1024 * MIB)
  const smallKey = await put('1MiB.bin', MIB)
  const pool = new Pool(streaming.origin, { connections: 1 })
  stopping.unshift(async () => { await pool.close() })
  const rangeMicroseconds = async (objectKey: string, sizeBytes: number) => {
    const path = download(streaming, objectKey).slice(streaming.origin.length)
    const repetitions = 50
    const startedAt = performance.now()
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const first = Math.floor(Math.random() * (sizeBytes - 100))
      const { statusCode, body } = await pool.request({ method: 'GET', path, headers: { range: `bytes=${first}-${first + 99}` } })
      if (statusCode !== 206 || (await body.arrayBuffer()).byteLength !== 100) throw new Error(`The answer is ${statusCode}.`)
    }
    return (performance.now() - startedAt) / repetitions * 1000
  }
  report('Range of 100 bytes of 1 GiB', 'µs', await compare(ROUNDS * 2,
    () => rangeMicroseconds(hugeKey, 1024 * MIB), () => rangeMicroseconds(smallKey, MIB)), 'of 1 MiB')
} finally {
  for (const stop of stopping) await stop()
}
