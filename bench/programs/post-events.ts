/*
 * A load generator in a process of its own: posts notifications of new files, as MinIO sends them, for some seconds, and
 * prints how many files a second were counted, and the median of the answers in milliseconds. For events.ts.
 * Arguments: origins (with commas), posters, seconds, records in a notification. The token is in EVENTS_TOKEN.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import autocannon from 'autocannon'

const [origins = '', posters, seconds, records] = process.argv.slice(2)
const userId = randomUUID()
const workflows = Array.from({ length: 10 }, () => randomUUID())
const prefix = randomBytes(8).toString('hex')
let madeCount = 0
// A generator that has just begun is slower than what it measures.
const WARM_UP_SECONDS = 2

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

function makeNotification (): string {
  const Records = Array.from({ length: Number(records) }, makeRecord)
  return JSON.stringify({ EventName: 's3:ObjectCreated:Put', Key: Records[0]?.s3.object.key, Records })
}

function post (origin: string, connections: number, duration: number, latenciesMs: number[]): Promise<autocannon.Result> {
  return new Promise((resolve, reject) => {
    const run = autocannon({
      url: `${origin}/api/v1/objects/events`,
      connections,
      duration,
      requests: [{
        method: 'POST',
        headers: { authorization: `Bearer ${process.env.EVENTS_TOKEN}`, 'content-type': 'application/json' },
        setupRequest: (request) => ({ ...request, body: makeNotification() }),
      }],
    }, (error: unknown, result) => { if (error instanceof Error) reject(error); else resolve(result) })
    // autocannon's own percentiles are whole milliseconds.
    run.on('response', (_client, _statusCode, _bytes, latencyMs) => { latenciesMs.push(latencyMs) })
  })
}

async function postToAll (duration: number): Promise<{ perSecond: number, medianMs: number | undefined }> {
  const latenciesMs: number[] = []
  const targets = origins.split(',')
  const connections = Number(posters) / targets.length
  const results = await Promise.all(targets.map((origin) => post(origin, connections, duration, latenciesMs)))
  for (const { non2xx, errors } of results) {
    if (non2xx > 0 || errors > 0) throw new Error(`${non2xx} answers were not 2xx, ${errors} errors.`)
  }
  latenciesMs.sort((left, right) => left - right)
  const answersPerSecond = results.reduce((sum, { requests }) => sum + requests.average, 0)
  return { perSecond: answersPerSecond * Number(records), medianMs: latenciesMs[latenciesMs.length >> 1] }
}

await postToAll(WARM_UP_SECONDS)
const { perSecond, medianMs } = await postToAll(Number(seconds))
console.log(perSecond, medianMs)
