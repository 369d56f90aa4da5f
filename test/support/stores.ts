import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'minio'
import { startEmbeddedStore } from '../../embedded/s3/object-store.js'

/** A kind of object store that tests run the service on. */
export interface StoreKind {
  name: string
  skip: string | false
  /** Environment variables that point the service at a bucket of this test's own; none for the embedded store. */
  environment: () => Record<string, string>
  /** Empties and removes the bucket. */
  remove: (environment: Record<string, string>) => Promise<void>
  /** Gives a store that is reached over the network, so that something can be put in between. */
  open: () => Promise<OpenStore>
}

/** A store that is reached over the network, with a bucket of this test's own. */
export interface OpenStore {
  endpoint: string
  /** Environment variables that point the service at it. */
  environment: Record<string, string>
  /** Removes the bucket and what it holds. */
  close: () => Promise<void>
}

const { TEST_S3_ENDPOINT, TEST_S3_ACCESS_KEY, TEST_S3_SECRET_KEY } = process.env

/** The stores that tests run on here: always the embedded one, and a real one where it is configured. */
export const storeKinds: readonly StoreKind[] = [
  { name: 'embedded store', skip: false, environment: () => ({}), remove: async () => {}, open: openEmbeddedStore },
  {
    name: 'real S3',
    skip: TEST_S3_ENDPOINT === undefined && 'TEST_S3_ENDPOINT is not set',
    environment: realEnvironment,
    remove: removeBucket,
    open: async () => {
      const environment = realEnvironment()
      return { endpoint: environment.S3_ENDPOINT, environment, close: () => removeBucket(environment) }
    },
  },
]

function realEnvironment () {
  return {
    S3_ENDPOINT: TEST_S3_ENDPOINT ?? '',
    S3_ACCESS_KEY: TEST_S3_ACCESS_KEY ?? '',
    S3_SECRET_KEY: TEST_S3_SECRET_KEY ?? '',
    S3_BUCKET: `test-${randomUUID()}`,
  }
}

/** An embedded store of a test's own, reached over the network. */
export async function openEmbeddedStore (): Promise<OpenStore> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-test-'))
  const account = { accessKey: 'test', secretKey: randomUUID() }
  const store = await startEmbeddedStore({ directory, bucket: 'test', region: 'us-east-1', ...account })
  return {
    endpoint: store.endpoint,
    environment: {
      S3_ENDPOINT: store.endpoint, S3_ACCESS_KEY: account.accessKey, S3_SECRET_KEY: account.secretKey, S3_BUCKET: 'test',
    },
    close: async () => {
      await store.close()
      await rm(directory, { recursive: true })
    },
  }
}

async function removeBucket (environment: Record<string, string>): Promise<void> {
  const { hostname, port, protocol } = new URL(environment.S3_ENDPOINT ?? '')
  const client = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: protocol === 'https:',
    accessKey: environment.S3_ACCESS_KEY ?? '',
    secretKey: environment.S3_SECRET_KEY ?? '',
    region: 'us-east-1',
    pathStyle: true,
  })
  const bucket = environment.S3_BUCKET ?? ''
  if (!await client.bucketExists(bucket)) return
  for await (const { name } of client.listObjectsV2(bucket, '', true)) await client.removeObject(bucket, name)
  await client.removeBucket(bucket)
}
