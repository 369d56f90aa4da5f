import { GCProfiler, getHeapStatistics } from 'node:v8'
import { bucketRecord } from './bucket-records.js'
import { catalogueFiles } from './catalogued-files.js'
import { admin, member, runId, startService, workflowId } from './service.js'
import { openEmbeddedStore } from './stores.js'

/*
 * A program that measures how many bytes of JavaScript's heap requests of each kind allocate, and prints them as one object of
 * JSON. A process of its own: other tests, and what measures their coverage, allocate as well. DATABASE_URL names its database.
 */

const ROUNDS = 4
const REQUESTS = 600
const EVENTS_TOKEN = 'a-token-of-the-object-store'

/** Bytes that a call allocates, on average of many. */
async function allocatedBy (work: () => Promise<unknown>): Promise<number> {
  const profiler = new GCProfiler()
  profiler.start()
  let total = -getHeapStatistics().used_heap_size
  for (let index = 0; index < REQUESTS; index++) await work()
  total += getHeapStatistics().used_heap_size
  for (const { beforeGC, afterGC } of profiler.stop().statistics) {
    total += beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize
  }
  return total / REQUESTS
}

const closings: Array<() => unknown> = []
const teardown = (close: () => unknown) => { closings.unshift(close) }
const store = await openEmbeddedStore()
teardown(store.close)
const start = async (environment: Record<string, string>) => await startService({ teardown }, {
  ...store.environment,
  DATABASE_URL: process.env.DATABASE_URL ?? '',
  SERVICE_SECRET: 'a-secret-that-is-only-for-this-test-alone',
  EVENTS_TOKEN,
  LOG_LEVEL: 'silent',
  LIST_LIMIT: '0',
  ...environment,
})
const redirecting = await start({ DOWNLOAD_MODE: 'redirect', EXISTENCE_TTL: '3600' })
const forgetting = await start({ DOWNLOAD_MODE: 'redirect', EXISTENCE_TTL: '0' })
const streaming = await start({ DOWNLOAD_MODE: 'stream', EXISTENCE_TTL: '3600' })
const { app, putFile, authorise, downloadPath } = redirecting

const objectKey = await putFile('x'.repeat(1_000))
await catalogueFiles(app.database, [{ objectKey, sizeBytes: 1_000, eventTime: new Date(Date.now() - 60_000) }])
await app.shareRevocations.tried()
const path = downloadPath(objectKey)
const { bucket } = app.storeTarget
const shared = await app.inject({ url: '/api/v1/objects/shares', method: 'POST', headers: authorise(member), payload: { objectKey } })
const sharedPath = new URL(shared.json().url).pathname
const [asMember, asAdmin] = [authorise(member), authorise(admin)]
const events = { authorization: `Bearer ${EVENTS_TOKEN}` }

const kinds: Record<string, () => Promise<{ statusCode: number }>> = {
  warmRedirect: () => app.inject(path),
  coldRedirect: () => forgetting.app.inject(path),
  missingFile: () => app.inject(downloadPath('nothing')),
  streamedRange: () => streaming.app.inject({ url: path, headers: { range: 'bytes=0-99' } }),
  event: () => app.inject({
    url: '/api/v1/objects/events',
    method: 'POST',
    headers: events,
    payload: { Records: [bucketRecord(objectKey, { bucket })] },
  }),
  usage: () => app.inject({ url: '/api/v1/objects/storage-usage', headers: asMember }),
  workflowsPage: () => app.inject({ url: '/api/v1/objects/workflows', headers: asAdmin }),
  filesPage: () => app.inject({ url: `/api/v1/objects?workflowId=${workflowId}&runId=${runId}`, headers: asAdmin }),
  openedShare: () => app.inject(sharedPath),
}

const least: Record<string, number> = {}
for (const [kind, ask] of Object.entries(kinds)) {
  const { statusCode } = await ask()
  if (statusCode !== 404 && statusCode >= 400) throw new Error(`${kind} was answered ${statusCode}.`)
  // What the compiler allocates while it learns counts for nothing: the least of several rounds is the requests' own.
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await allocatedBy(ask))
  least[kind] = Math.round(Math.min(...rounds))
}
console.log(JSON.stringify(least))
for (const close of closings) await close()
