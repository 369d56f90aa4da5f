/*
 * What 200 readers at 1 KB/s of a streamed file of 100 MiB cost the service: memory added, and the latency of other requests
 * meanwhile and afterwards. Memory is read before the service has been under load, since what a load leaves behind would
 * make room for the readers; and once more after a collection of garbage, which is no reader's. The service has no database,
 * whose memory is not what this is about. Run on an idle machine, as npm run bench:slow-readers.
 */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type Socket, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client } from 'minio'
import { mintObjectKey } from '../objects/object-key.js'
import { benchProgram, startServer } from './child-process.js'

const READERS = 200
const MIB = 1024 * 1024
const run = promisify(execFile)
const credentials = { S3_BUCKET: `bench-${randomUUID()}`, S3_ACCESS_KEY: 'bench', S3_SECRET_KEY: 'bench-secret' }

const store = await startServer(benchProgram('embedded-store'), credentials)
const dataDirectory = await mkdtemp(join(tmpdir(), 'objects-storage-bench-'))
const service = await startServer(['--expose-gc', '--import', './bench/collect-garbage.mjs', 'dist/server.js'], {
  ...credentials,
  PORT: '0',
  HOST: '127.0.0.1',
  DATA_DIR: dataDirectory,
  DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
  S3_ENDPOINT: store.origin,
  DOWNLOAD_MODE: 'stream',
})
const sockets: Socket[] = []
try {
  const { hostname, port } = new URL(store.origin)
  const minio = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    accessKey: credentials.S3_ACCESS_KEY,
    secretKey: credentials.S3_SECRET_KEY,
    region: 'us-east-1',
    pathStyle: true,
  })
  const put = async (fileName: string, body: Buffer) => {
    const [workflowId, runId, createdBy] = [randomUUID(), randomUUID(), randomUUID()]
    const objectKey = mintObjectKey({ orgKey: 'bench', workflowId, runId, createdBy, direction: 'outputs', fileName })
    await minio.putObject(credentials.S3_BUCKET, objectKey, body, body.length)
    return `/api/v1/objects/download?objectKey=${encodeURIComponent(objectKey)}`
  }
  const bigPath = await put('100MiB.bin', Buffer.alloc(100 * MIB))
  const smallPath = await put('1KiB.bin', Buffer.alloc(1024))
  const latency = async () => {
    const { stdout } = await run('node', [
      'node_modules/autocannon/autocannon.js', '--json', '-c', '8', '-d', '5', service.origin + smallPath,
    ])
    const { latency: { p50, p99 }, requests, errors } = JSON.parse(stdout)
    return `${requests.average} requests/s, median ${p50} ms, 99 % ${p99} ms, ${errors} errors`
  }
  const residentMib = async () =>
    Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${service.pid}/status`, 'utf8'))?.[1]) / 1024

  const collectedMib = async () => {
    process.kill(service.pid, 'SIGWINCH')
    await setTimeout(1_000)
    return await residentMib()
  }

  await fetch(service.origin + smallPath).then((response) => response.arrayBuffer())
  const before = await residentMib()
  const collectedBefore = await collectedMib()
  const { hostname: host, port: servicePort } = new URL(service.origin)
  for (let reader = 0; reader < READERS; reader++) {
    const socket = connect(Number(servicePort), host)
    await once(socket, 'connect')
    socket.pause()
    socket.write(`GET ${bigPath} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    sockets.push(socket)
  }
  const reading = setInterval(() => { for (const socket of sockets) socket.read(1024) }, 1000)
  await setTimeout(20_000)
  const after = await residentMib()
  const collectedAfter = await collectedMib()
  const report = (from: number, to: number) =>
    `${from.toFixed(0)} MiB before, ${to.toFixed(0)} MiB with ${READERS} slow readers, ${(to - from).toFixed(0)} MiB more`
  console.log(`resident memory: ${report(before, after)}`)
  console.log(`without garbage: ${report(collectedBefore, collectedAfter)}`)
  await latency()
  console.log(`other requests meanwhile: ${await latency()}`)
  if (sockets.some((socket) => socket.destroyed)) throw new Error('A reader was cut off.')
  clearInterval(reading)
  for (const socket of sockets) socket.destroy()
  console.log(`other requests afterwards: ${await latency()}`)
} finally {
  for (const socket of sockets) socket.destroy()
  await service.stop()
  await store.stop()
  await rm(dataDirectory, { recursive: true, force: true })
}
