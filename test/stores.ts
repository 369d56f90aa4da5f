import { randomUUID } from 'node:crypto'
import { Client } from 'minio'

/** A kind of object store that tests run the service on. */
export interface StoreKind {
  name: string
  skip: string | false
  /** Environment variables that point the service at a bucket of this test's own; none for the embedded store. */
  environment: () => Record<string, string>
  /** Empties and removes the bucket. */
  remove: (environment: Record<string, string>) => Promise<void>
}

const { TEST_S3_ENDPOINT, TEST_S3_ACCESS_KEY, TEST_S3_SECRET_KEY } = process.env

/** The stores that tests run on here: always the embedded one, and a real one where it is configured. */
export const storeKinds: readonly StoreKind[] = [
  { name: 'embedded store', skip: false, environment: () => ({}), remove: async () => {} },
  {
    name: 'real S3',
    skip: TEST_S3_ENDPOINT === undefined && 'TEST_S3_ENDPOINT is not set',
    environment: () => ({
      S3_ENDPOINT: TEST_S3_ENDPOINT ?? '',
      S3_ACCESS_KEY: TEST_S3_ACCESS_KEY ?? '',
      S3_SECRET_KEY: TEST_S3_SECRET_KEY ?? '',
      S3_BUCKET: `test-${randomUUID()}`,
    }),
    remove: removeBucket,
  },
]

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
