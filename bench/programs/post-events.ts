/*
 * A load generator in its own process: posts notifications of new files, as MinIO sends them, for some seconds, and prints how
 * many files per second were counted and the median response time in milliseconds. For events.ts. Arguments: origins (separated
 * by commas), senders, seconds, records per notification. The token is in EVENTS_TOKEN.
 */
import autocannon from 'autocannon'
import { createNotifications } from '../notifications.js'

const [origins = '', posters, seconds, records] = process.argv.slice(2)
const makeNotification = createNotifications(process.env.S3_BUCKET ?? '', Number(records))
// A generator that has just begun is slower than what it measures.
const WARM_UP_SECONDS = 2

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
    // autocannon's own percentiles are in whole milliseconds.
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
