/* The embedded object store in its own process, for the benchmarks. Credentials come from the environment. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedStore } from '../../embedded/s3/object-store.js'

const { S3_BUCKET = '', S3_ACCESS_KEY = '', S3_SECRET_KEY = '' } = process.env
const directory = await mkdtemp(join(tmpdir(), 'objects-storage-bench-store-'))
const store = await startEmbeddedStore({
  directory, bucket: S3_BUCKET, region: 'us-east-1', accessKey: S3_ACCESS_KEY, secretKey: S3_SECRET_KEY,
})
console.log(`listening at ${store.endpoint}`)
process.once('SIGTERM', async () => {
  await store.close()
  await rm(directory, { recursive: true, force: true })
})
