/*
 * How fast bucket notifications are counted: one serial sender, and 64 concurrent ones, each with one record per request of
 * a file that is new. Build first; run on an idle machine:
 *   BENCH_DATABASE_URL=postgres://… node --import @tapjs/typescript/import bench/events.ts
 */
import { randomUUID } from 'node:crypto'
import autocannon from 'autocannon'
import { startCountedService } from './counted-service.js'
import { usageRequest } from './usage-request.js'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 15)
const WARM_UP_SECONDS = 5
const FILE_BYTES = 1000
const orgKey = 'bench'
const userId = randomUUID()
const workflows = Array.from({ length: 10 }, () => randomUUID())

const service = await startCountedService()
try {
  let sentCount = 0
  const body = () => {
    const number = ++sentCount
    const key = `${orgKey}/workflows/${workflows[number % workflows.length]}/runs/${userId}/users/${userId}/outputs/` +
      `${number.toString(36).padStart(22, '0')}/result.csv`
    const now = new Date()
    return JSON.stringify({
      EventName: 's3:ObjectCreated:Put',
      Key: `objects/${key}`,
      Records: [{
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
          bucket: { name: 'objects', ownerIdentity: { principalId: 'minio' }, arn: 'arn:aws:s3:::objects' },
          object: {
            key: encodeURIComponent(key),
            size: FILE_BYTES,
            eTag: '5d41402abc4b2a76b9719d911017c592',
            contentType: 'text/csv',
            userMetadata: { 'content-type': 'text/csv' },
            sequencer: (BigInt(now.getTime()) * 1_000_000n + BigInt(number)).toString(16).toUpperCase(),
          },
        },
        source: { host: '172.18.0.1', port: '', userAgent: 'MinIO (linux; amd64) minio-go' },
      }],
    })
  }
  const post = async (connections: number, duration: number) => {
    const latenciesMs: number[] = []
    const result = await new Promise<autocannon.Result>((resolve, reject) => {
      const run = autocannon({
        url: `${service.origin}/api/v1/objects/events`,
        connections,
        duration,
        requests: [{
          method: 'POST',
          headers: { authorization: `Bearer ${service.eventsToken}`, 'content-type': 'application/json' },
          setupRequest: (request) => ({ ...request, body: body() }),
        }],
      }, (error: unknown, finished) => { if (error instanceof Error) reject(error); else resolve(finished) })
      // autocannon's own percentiles are whole milliseconds.
      run.on('response', (_client, _statusCode, _bytes, latencyMs) => { latenciesMs.push(latencyMs) })
    })
    if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx} answers were not 2xx, ${result.errors} errors`)
    latenciesMs.sort((left, right) => left - right)
    const quantile = (part: number) => `${latenciesMs[Math.floor(latenciesMs.length * part)]?.toFixed(2)} ms`
    return `${result.requests.average} events/s, median ${quantile(0.5)}, 99 % ${quantile(0.99)}`
  }

  await post(64, WARM_UP_SECONDS)
  console.log(`one serial sender: ${await post(1, SECONDS)}`)
  console.log(`64 senders: ${await post(64, SECONDS)}`)

  const usage = await usageRequest(service, orgKey, userId)()
  console.log(`sent ${sentCount} events, counted ${usage.fileCount} files of ${usage.totalBytes} bytes`)
} finally {
  await service.stop()
}
