import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { Client } from 'minio'
import { mintObjectKey } from '../../objects/object-key.js'
import { type Presign, createPresign } from '../../objects/presigning.js'
import { benchProgram, startServer } from '../child-process.js'

/** An S3 endpoint with a bucket for the benchmarks. */
export interface BenchStore {
  version: string
  /** Settings of the service. */
  environment: { S3_ENDPOINT: string, S3_BUCKET: string, S3_ACCESS_KEY: string, S3_SECRET_KEY: string }
  presign: Presign
  /** Puts a file of so many bytes and gives its object key. */
  put: (fileName: string, sizeBytes: number) => Promise<string>
  stop: () => Promise<void>
}

const MIB = 1024 * 1024
const ids = [randomUUID(), randomUUID(), randomUUID()] as const

/** Takes the store that the variables `BENCH_S3_…` name, or starts the embedded one. */
export async function startStore (): Promise<BenchStore> {
  const { BENCH_S3_ENDPOINT, BENCH_S3_ACCESS_KEY = 'bench', BENCH_S3_SECRET_KEY = 'bench-secret' } = process.env
  const account = { S3_BUCKET: `bench-${randomUUID()}`, S3_ACCESS_KEY: BENCH_S3_ACCESS_KEY, S3_SECRET_KEY: BENCH_S3_SECRET_KEY }
  const embedded = BENCH_S3_ENDPOINT === undefined ? await startServer(benchProgram('embedded-store'), account) : undefined
  const endpoint = BENCH_S3_ENDPOINT ?? embedded?.origin ?? ''
  const { hostname, port, protocol } = new URL(endpoint)
  const minio = new Client({
    endPoint: hostname,
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    useSSL: protocol === 'https:',
    accessKey: account.S3_ACCESS_KEY,
    secretKey: account.S3_SECRET_KEY,
    region: 'us-east-1',
    pathStyle: true,
  })
  const bucket = account.S3_BUCKET
  if (!await minio.bucketExists(bucket)) await minio.makeBucket(bucket)
  return {
    version: BENCH_S3_ENDPOINT === undefined ? 'the embedded S3 endpoint, in a process of its own' : await nameOf(endpoint),
    environment: { ...account, S3_ENDPOINT: endpoint },
    presign: createPresign({
      endpoint, region: 'us-east-1', bucket, accessKey: account.S3_ACCESS_KEY, secretKey: account.S3_SECRET_KEY,
    }),
    put: async (fileName, sizeBytes) => {
      const objectKey = mintObjectKey({
        orgKey: 'bench', workflowId: ids[0], runId: ids[1], createdBy: ids[2], direction: 'outputs', fileName,
      })
      const block = Buffer.alloc(MIB, 'x')
      const blocks = function * () {
        for (let left = sizeBytes; left > 0; left -= MIB) yield left < MIB ? block.subarray(0, left) : block
      }
      await minio.putObject(bucket, objectKey, Readable.from(blocks()), sizeBytes, { 'Content-Type': 'application/octet-stream' })
      return objectKey
    },
    stop: async () => { await embedded?.stop() },
  }
}

async function nameOf (endpoint: string): Promise<string> {
  const response = await fetch(endpoint)
  await response.arrayBuffer()
  const server = response.headers.get('server') ?? (response.headers.get('x-amz-request-id')?.startsWith('tx') ? 'Ceph RGW' : 'an S3 endpoint')
  return `${server}, as BENCH_S3_ENDPOINT names it`
}
