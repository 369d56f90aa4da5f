import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'minio'
import { startEmbeddedStore } from '../../embedded/s3/object-store.js'
import { createBucketListing } from '../../store/bucket-listing.js'
import { StoreConnection } from '../../store/connection.js'
import { FixedCredentials } from '../../store/credentials.js'
import { MultipartUploads } from '../../store/multipart-uploads.js'

/** A kind of object store that tests run the service on. */
export interface StoreKind {
  name: string
  skip: string | false
  /** Environment variables that point the service at a bucket for this test alone; none for the embedded store. */
  environment: () => Record<string, string>
  /** Empties and removes the bucket. */
  remove: (environment: Record<string, string>) => Promise<void>
  /** Opens a store that is reached over the network, so that something can be put in between. */
  open: () => Promise<OpenStore>
}

/** A store that is reached over the network, with a bucket for this test alone. */
export interface OpenStore {
  endpoint: string
  /** Environment variables that point the service at it. */
  environment: Record<string, string>
  /** Where an embedded store keeps what is in its bucket. */
  directory?: string
  /** Removes the bucket and its contents. */
  close: () => Promise<void>
}

const { TEST_S3_ENDPOINT, TEST_S3_ACCESS_KEY, TEST_S3_SECRET_KEY } = process.env

/** The stores that tests run on here: always the embedded one, and a real one if it is configured. */
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

/** An embedded store for one test, reached over the network. */
export async function openEmbeddedStore (): Promise<OpenStore> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-test-'))
  const account = { accessKey: 'test', secretKey: randomUUID() }
  const store = await startEmbeddedStore({ directory, bucket: 'test', region: 'us-east-1', ...account })
  return {
    endpoint: store.endpoint,
    directory: join(directory, 'test'),
    environment: {
      S3_ENDPOINT: store.endpoint, S3_ACCESS_KEY: account.accessKey, S3_SECRET_KEY: account.secretKey, S3_BUCKET: 'test',
    },
    close: async () => {
      await store.close()
      await rm(directory, { recursive: true })
    },
  }
}

/** minio-js cannot list a key with a bare `%`, so the service's own listings say what to remove. */
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
  // Ceph sends a notification for every removal, and waits forever if the port by now belongs to a server that does not answer.
  // versitygw has no such setting.
  await client.removeAllBucketNotification(bucket).catch(() => {})
  const { S3_ENDPOINT: endpoint = '', S3_ACCESS_KEY: accessKey = '', S3_SECRET_KEY: secretKey = '' } = environment
  const target = { endpoint, bucket, region: 'us-east-1', credentials: new FixedCredentials({ accessKey, secretKey }) }
  const timeouts = { connectTimeoutMs: 10_000, firstByteTimeoutMs: 60_000, idleTimeoutMs: 60_000 }
  const connection = new StoreConnection(target, timeouts)
  for await (const { objects } of createBucketListing(connection)({ prefix: '', startAfter: '' })) {
    for (const { objectKey } of objects) await client.removeObject(bucket, objectKey)
  }
  const multipart = new MultipartUploads(connection)
  for await (const { uploads } of multipart.list({ prefix: '' })) for (const upload of uploads) await multipart.abort(upload)
  await connection.close()
  await client.removeBucket(bucket)
}
