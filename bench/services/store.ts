import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { Client } from 'minio'
import { mintObjectKey } from '../../objects/object-key.js'
import { FixedCredentials } from '../../store/credentials.js'
import { type Presign, createPresign } from '../../store/presigning.js'
import { hasCeph, startCeph } from '../../test/support/ceph-server.js'
import { benchProgram, startServer } from '../child-process.js'

/** An S3 endpoint with a bucket for the benchmarks. */
export interface BenchStore {
  version: string
  /** Settings for the service. */
  environment: { S3_ENDPOINT: string, S3_BUCKET: string, S3_ACCESS_KEY: string, S3_SECRET_KEY: string }
  presign: Presign
  /** Uploads a file of the given size and returns its object key. */
  put: (fileName: string, sizeBytes: number) => Promise<string>
  stop: () => Promise<void>
}

interface S3Server {
  version: string
  endpoint: string
  accessKey: string
  secretKey: string
  stop: () => Promise<void>
}

const MIB = 1024 * 1024
const ids = [randomUUID(), randomUUID(), randomUUID()] as const

/** Starts the embedded store, or uses the one that the variables `BENCH_S3_…` name, or starts Ceph RGW. */
export async function startStore ({ isEmbedded }: { isEmbedded: boolean }): Promise<BenchStore> {
  const bucket = `bench-${randomUUID()}`
  const { BENCH_S3_ENDPOINT: named } = process.env
  const { version, endpoint, accessKey, secretKey, stop } = await (
    isEmbedded ? startEmbedded(bucket) : named === undefined ? startInstalledCeph() : namedStore(named))
  const { hostname, port, protocol } = new URL(endpoint)
  const minio = new Client({
    endPoint: hostname,
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    useSSL: protocol === 'https:',
    accessKey,
    secretKey,
    region: 'us-east-1',
    pathStyle: true,
  })
  if (!await minio.bucketExists(bucket)) await minio.makeBucket(bucket)
  return {
    version,
    environment: { S3_ENDPOINT: endpoint, S3_BUCKET: bucket, S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: secretKey },
    presign: createPresign({ endpoint, region: 'us-east-1', bucket, credentials: new FixedCredentials({ accessKey, secretKey }) }),
    put: async (fileName, sizeBytes) => {
      const objectKey = mintObjectKey({
        orgKey: 'bench', workflowId: ids[0], runId: ids[1], createdBy: ids[2], direction: 'outputs', path: fileName,
      })
      const block = Buffer.alloc(MIB, 'x')
      const blocks = function * () {
        for (let left = sizeBytes; left > 0; left -= MIB) yield left < MIB ? block.subarray(0, left) : block
      }
      await minio.putObject(bucket, objectKey, Readable.from(blocks()), sizeBytes, { 'Content-Type': 'application/octet-stream' })
      return objectKey
    },
    stop,
  }
}

async function startEmbedded (bucket: string): Promise<S3Server> {
  const [accessKey, secretKey] = [randomUUID(), randomUUID()]
  const { origin, stop } = await startServer(benchProgram('embedded-store'), {
    S3_BUCKET: bucket, S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: secretKey,
  })
  return { version: 'the embedded S3 endpoint, in a process of its own', endpoint: origin, accessKey, secretKey, stop }
}

async function startInstalledCeph (): Promise<S3Server> {
  if (await hasCeph()) return await startCeph()
  throw new Error('Ceph RGW is not installed; BENCH_S3_ENDPOINT may name an S3 endpoint, and --embedded does without.')
}

async function namedStore (endpoint: string): Promise<S3Server> {
  const { BENCH_S3_ACCESS_KEY: accessKey = '', BENCH_S3_SECRET_KEY: secretKey = '' } = process.env
  const response = await fetch(endpoint)
  await response.arrayBuffer()
  const server = response.headers.get('server') ?? (response.headers.get('x-amz-request-id')?.startsWith('tx') ? 'Ceph RGW' : 'an S3 endpoint')
  return { version: `${server}, as BENCH_S3_ENDPOINT names it`, endpoint, accessKey, secretKey, stop: async () => {} }
}
