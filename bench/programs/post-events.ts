/*
 * A load generator in a process of its own: posts notifications of new files, as MinIO sends them, for some seconds, and
 * prints how many files a second were counted, and the median of the answers in milliseconds. For events.ts.
 * Arguments: origins (with commas), posters, seconds, records in a notification. The token is in EVENTS_TOKEN.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { Pool } from 'undici'

const [origins = '', posters, seconds, records] = process.argv.slice(2)
const userId = randomUUID()
const workflows = Array.from({ length: 10 }, () => randomUUID())
const prefix = randomBytes(8).toString('hex')
let madeCount = 0

function makeRecord () {
  const number = ++madeCount
  const key = `bench/workflows/${workflows[number % workflows.length]}/runs/${userId}/users/${userId}/outputs/` +
    `${prefix}${number.toString(36).padStart(22, '0')}/result.csv`
  const now = new Date()
  return {
    eventVersion: '2.0',
    eventSource: 'minio:s3',
    awsRegion: '',
    eventTime: now.toISOString(),
    eventName: 's3:ObjectCreated:Put',
    userIdentity: { principalId: 'minio' },
    requestParameters: { principalId: 'minio', region: '', sourceIPAddress: '172.18.0.1' },
    responseElements: { 'x-amz-request-id': '17F427499AC0BA8F', 'x-minio-origin-endpoint': 'http://172.18.0.6:9000' },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'Config',
      bucket: { name: process.env.S3_BUCKET, ownerIdentity: { principalId: 'minio' }, arn: 'arn:aws:s3:::objects' },
      object: {
        key: encodeURIComponent(key),
        size: 1000,
        eTag: '5d41402abc4b2a76b9719d911017c592',
        contentType: 'text/csv',
        userMetadata: { 'content-type': 'text/csv' },
        sequencer: (BigInt(now.getTime()) * 1_000_000n + BigInt(number)).toString(16).toUpperCase(),
      },
    },
    source: { host: '172.18.0.1', port: '', userAgent: 'MinIO (linux; amd64) minio-go' },
  }
}

const pools = origins.split(',').map((origin) => new Pool(origin, { connections: Number(posters) }))
const headers = { authorization: `Bearer ${process.env.EVENTS_TOKEN}`, 'content-type': 'application/json' }
const latenciesMs: number[] = []
const startedAtMs = performance.now()
const endsAtMs = startedAtMs + Number(seconds) * 1000
await Promise.all(Array.from({ length: Number(posters) }, async (_, poster) => {
  const pool = pools[poster % pools.length]
  while (performance.now() < endsAtMs) {
    const Records = Array.from({ length: Number(records) }, makeRecord)
    const body = JSON.stringify({ EventName: 's3:ObjectCreated:Put', Key: Records[0]?.s3.object.key, Records })
    const sentAtMs = performance.now()
    const response = await pool?.request({ method: 'POST', path: '/api/v1/objects/events', headers, body })
    await response?.body.dump()
    latenciesMs.push(performance.now() - sentAtMs)
    if (response?.statusCode !== 200) throw new Error(`The answer is ${response?.statusCode}.`)
  }
}))
const elapsedSeconds = (performance.now() - startedAtMs) / 1000
latenciesMs.sort((left, right) => left - right)
console.log(madeCount / elapsedSeconds, latenciesMs[latenciesMs.length >> 1])
await Promise.all(pools.map((pool) => pool.close()))
