/* The embedded object store in its own process, always at the same address and in the same folder. */
import { startEmbeddedStore } from '../../../embedded/s3/object-store.js'

const { S3_BUCKET = '', S3_ACCESS_KEY = '', S3_SECRET_KEY = '', DIRECTORY = '', PORT = '' } = process.env
await startEmbeddedStore({
  directory: DIRECTORY, bucket: S3_BUCKET, region: 'us-east-1', accessKey: S3_ACCESS_KEY, secretKey: S3_SECRET_KEY, port: Number(PORT),
})
console.log('ready')
