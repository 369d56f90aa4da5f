import t from 'tap'
import { type BucketPlace, addressBucket, canTakeNames } from '../../../store/bucket-address.js'
import { FixedCredentials } from '../../../store/credentials.js'
import { createPresign } from '../../../store/presigning.js'

const addressOf = (endpoint: string, place: Partial<BucketPlace> = {}) => {
  const { origin, host, bucketPath, objectPath } = addressBucket({ endpoint, bucket: 'bucket', addressing: 'auto', ...place })
  t.equal(new URL(origin).host, host)
  return [`${origin}${bucketPath}`, `${origin}${objectPath}`]
}

t.test('a bucket is in the path, or in front of the host, as a setting says', async (t) => {
  t.strictSame(addressOf('https://s3.example.com:9000', { addressing: 'path' }),
    ['https://s3.example.com:9000/bucket', 'https://s3.example.com:9000/bucket/'])
  t.strictSame(addressOf('https://s3.example.com:9000/', { addressing: 'virtual-host' }),
    ['https://bucket.s3.example.com:9000/', 'https://bucket.s3.example.com:9000/'])
  t.strictSame(addressOf('http://localhost:9000', { addressing: 'virtual-host' }),
    ['http://bucket.localhost:9000/', 'http://bucket.localhost:9000/'])
})

t.test('of itself it is in front of the hosts of vendors that document this, and in the path elsewhere', async (t) => {
  const inFront = [
    's3.amazonaws.com', 's3.eu-central-1.amazonaws.com', 's3.cn-north-1.amazonaws.com.cn', 's3-accelerate.amazonaws.com',
    'oss-cn-hangzhou.aliyuncs.com', 'oss-cn-hangzhou-internal.aliyuncs.com', 'cos.ap-guangzhou.myqcloud.com', 'tos-s3-cn-beijing.volces.com',
    'tos-s3-cn-beijing.ivolces.com', 'tos-s3-ap-southeast-1.bytepluses.com',
  ]
  for (const host of inFront) t.strictSame(addressOf(`https://${host}`)[0], `https://bucket.${host}/`)
  const inPath = [
    'bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com', 's3.example.com', 'account.r2.cloudflarestorage.com',
    's3.us-west-000.backblazeb2.com', 'localhost', 'minio', '127.0.0.1', '[::1]', 'aliyuncs.com.example.com', 'notaliyuncs.com',
  ]
  for (const host of inPath) t.strictSame(addressOf(`https://${host}`)[0], `https://${host}/bucket`)
})

t.test('a name with dots stays in the path where TLS would not know it', async (t) => {
  const [host, bucket] = ['s3.eu-central-1.amazonaws.com', 'files.example.com']
  t.equal(addressOf(`https://${host}`, { bucket })[0], `https://${host}/${bucket}`)
  t.equal(addressOf(`http://${host}`, { bucket })[0], `http://${bucket}.${host}/`)
  t.equal(addressOf(`https://${host}`, { bucket, addressing: 'virtual-host' })[0], `https://${bucket}.${host}/`)
})

t.test('a path of the endpoint\'s and the prefix of keys are part of the path', async (t) => {
  const keyPrefix = 'objects/production/'
  t.strictSame(addressOf('https://gw.example.com/s3/', { keyPrefix }),
    ['https://gw.example.com/s3/bucket', 'https://gw.example.com/s3/bucket/objects/production/'])
  t.strictSame(addressOf('https://gw.example.com/a/s3', { keyPrefix, addressing: 'virtual-host' }),
    ['https://bucket.gw.example.com/a/s3/', 'https://bucket.gw.example.com/a/s3/objects/production/'])
})

t.test('no name can go in front of an IP address', async (t) => {
  for (const host of ['127.0.0.1', '[::1]:9000', '10.0.0.1:9000']) t.notOk(canTakeNames(`http://${host}`), host)
  for (const host of ['localhost', 's3.example.com']) t.ok(canTakeNames(`http://${host}`), host)
})

// Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters", the worked example.
t.test('a URL with the bucket in front has the signature of Amazon\'s worked example', async (t) => {
  const url = createPresign({
    endpoint: 'https://s3.amazonaws.com',
    bucket: 'examplebucket',
    addressing: 'auto',
    region: 'us-east-1',
    credentials: new FixedCredentials({
      accessKey: 'AKIAIOSFODNN7EXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    }),
  })({ method: 'GET', objectKey: 'test.txt', signedAt: new Date('2013-05-24T00:00:00Z'), expiresInSeconds: 86_400 })
  t.ok(url.startsWith('https://examplebucket.s3.amazonaws.com/test.txt?'), url)
  t.match(url, /X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404$/)
})
