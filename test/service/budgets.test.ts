import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'
import { Histogram } from 'prom-client'
import t, { type Test } from 'tap'
import type { Caller } from '../../schemas/token-claims.js'
import { bucketRecord } from '../support/bucket-records.js'
import { catalogueFiles } from '../support/catalogued-files.js'
import { databaseKinds } from '../support/database.js'
import { FaultProxy } from '../support/fault-proxy.js'
import { type TestService, admin, member, runId, startService, workflowId } from '../support/service.js'
import { openEmbeddedStore } from '../support/stores.js'

/** What a request costs. */
interface Cost {
  /** The requests to the store, in this order. */
  store: string[]
  /** Statements of the database, until the request is answered. */
  statements: number
  /**
   * The bytes that are logged about it at level info, without what differs each time: times, and ids of process and request.
   */
  logBytes: number
}

/** A request, and what it may cost. */
interface Budget {
  name: string
  cost: Cost
  ask: (service: TestService) => Promise<Asked> | Asked
}

interface Asked {
  url: string
  method?: 'GET' | 'HEAD' | 'POST'
  headers?: Record<string, string>
  payload?: object
  /** The answer's status. */
  status: number
}

const EVENTS_TOKEN = 'a-token-of-the-object-store'
const run = `workflowId=${workflowId}&runId=${runId}`
const as = (service: TestService, caller: Caller, url: string) =>
  ({ url: `/api/v1/objects${url}`, headers: service.authorise(caller), status: 200 })

const redirected: Budget[] = [
  {
    name: 'a redirect to a file that nobody has asked for lately',
    cost: { store: ['HEAD'], statements: 0, logBytes: 223 },
    ask: async ({ putFile, downloadPath }) => ({ url: downloadPath(await putFile('x')), status: 302 }),
  },
  {
    name: 'a redirect to a file that was found a moment ago',
    cost: { store: [], statements: 0, logBytes: 223 },
    ask: async ({ app, putFile, downloadPath }) => {
      const url = downloadPath(await putFile('x'))
      await app.inject(url)
      return { url, status: 302 }
    },
  },
  {
    name: 'where a file is, as JSON',
    cost: { store: ['HEAD'], statements: 1, logBytes: 223 },
    ask: async ({ putFile, downloadPath }) => ({ url: `${downloadPath(await putFile('x'))}&as=json`, status: 200 }),
  },
  {
    name: 'the notification of a new file',
    cost: { store: [], statements: 1, logBytes: 0 },
    ask: async ({ app, putFile }) => ({
      url: '/api/v1/objects/events',
      method: 'POST',
      headers: { authorization: `Bearer ${EVENTS_TOKEN}` },
      payload: { Records: [bucketRecord(await putFile('12345'), { bucket: app.storeTarget.bucket })] },
      status: 200,
    }),
  },
  { name: 'a user\'s usage', cost: { store: [], statements: 1, logBytes: 193 }, ask: (service) => as(service, member, '/storage-usage') },
  { name: 'an organisation\'s usage', cost: { store: [], statements: 1, logBytes: 193 }, ask: (service) => as(service, admin, '/storage-usage') },
  { name: 'a page of workflows', cost: { store: [], statements: 1, logBytes: 189 }, ask: (service) => as(service, admin, '/workflows') },
  {
    name: 'a page of runs',
    cost: { store: [], statements: 5, logBytes: 206 },
    ask: (service) => as(service, admin, `/workflows/${workflowId}/runs`),
  },
  { name: 'a page of files', cost: { store: [], statements: 5, logBytes: 179 }, ask: (service) => as(service, admin, `?${run}`) },
  {
    name: 'a new share link',
    cost: { store: ['HEAD'], statements: 1, logBytes: 187 },
    ask: async ({ authorise, putFile }) => ({
      url: '/api/v1/objects/shares', method: 'POST', headers: authorise(member), payload: { objectKey: await putFile('x') }, status: 201,
    }),
  },
  {
    name: 'a share link that is opened',
    cost: { store: [], statements: 0, logBytes: 194 },
    ask: async ({ app, authorise, putFile }) => {
      const made = await app.inject({
        url: '/api/v1/objects/shares', method: 'POST', headers: authorise(member), payload: { objectKey: await putFile('x') },
      })
      return { url: new URL(made.json().url).pathname, status: 302 }
    },
  },
  {
    name: 'the URL of an upload',
    cost: { store: [], statements: 1, logBytes: 188 },
    ask: ({ authorise }) => ({
      url: '/api/v1/objects/uploads',
      method: 'POST',
      headers: authorise(member),
      payload: { workflowId, runId, direction: 'outputs', fileName: 'a.txt', contentType: 'text/plain', sizeBytes: 5 },
      status: 201,
    }),
  },
]

/** Headers of requests for a file that was streamed a moment ago; `TAG` is replaced by its entity tag. */
const streamedWith = (headers: Record<string, string>, status: number, method: 'GET' | 'HEAD' = 'GET'): Budget['ask'] =>
  async ({ app, putFile, downloadPath }) => {
    const url = downloadPath(await putFile('x'.repeat(1000)))
    const { headers: { etag } } = await app.inject({ method: 'HEAD', url })
    const own = Object.entries(headers).map(([name, value]) => [name, value.replace('TAG', String(etag))])
    return { url, method, headers: Object.fromEntries(own), status }
  }

const streamed: Budget[] = [
  {
    name: 'a streamed file that nobody has asked for lately',
    cost: { store: ['GET'], statements: 1, logBytes: 223 },
    ask: async ({ putFile, downloadPath }) => ({ url: downloadPath(await putFile('x'.repeat(1000))), status: 200 }),
  },
  { name: 'a streamed file', cost: { store: ['GET'], statements: 0, logBytes: 223 }, ask: streamedWith({}, 200) },
  { name: 'a streamed range', cost: { store: ['GET'], statements: 0, logBytes: 223 }, ask: streamedWith({ range: 'bytes=0-99' }, 206) },
  {
    name: 'a range of a file that is the same',
    cost: { store: ['GET'], statements: 0, logBytes: 223 },
    ask: streamedWith({ range: 'bytes=0-99', 'if-range': 'TAG' }, 206),
  },
  {
    name: 'a file that the client has',
    cost: { store: ['HEAD'], statements: 0, logBytes: 223 },
    ask: streamedWith({ 'if-none-match': 'TAG' }, 304),
  },
  { name: 'the headers of a file', cost: { store: ['HEAD'], statements: 0, logBytes: 224 }, ask: streamedWith({}, 200, 'HEAD') },
]

for (const { name, skip, create } of databaseKinds) {
  t.test(`what requests cost on ${name}`, { skip }, async (t) => {
    const store = await openEmbeddedStore()
    t.teardown(store.close)
    const proxy = await FaultProxy.start(store.endpoint)
    t.teardown(() => proxy.close())
    for (const [mode, budgets] of [['redirect', redirected], ['stream', streamed]] as const) {
      await t.test(`downloads in mode ${mode}`, async (t) => {
        const { url, close } = await create()
        t.teardown(close)
        const service = await startService(t, {
          ...store.environment,
          S3_ENDPOINT: proxy.endpoint,
          DOWNLOAD_MODE: mode,
          LOG_LEVEL: 'info',
          EVENTS_TOKEN,
          SERVICE_SECRET: 'a-secret-that-is-only-for-this-test-alone',
          DATABASE_URL: url,
        })
        const eventTime = new Date(Date.now() - 60_000)
        const objectKey = await service.putFile('12345')
        await catalogueFiles(service.app.database, [{ objectKey, sizeBytes: 5, eventTime }])
        await service.app.shareRevocations.tried()
        const costOf = measureWith(t, service, proxy)
        for (const { name, cost, ask } of budgets) {
          await t.test(name, async (t) => { t.strictSame(await costOf(t, await ask(service)), cost) })
        }
      })
    }
  })
}

/** Counts what single requests cost, without what the service does by itself in the meantime. */
function measureWith (t: Test, { app, log }: TestService, proxy: FaultProxy) {
  const statements = app.metrics.getSingleMetric('objects_storage_database_statement_duration_seconds')
  if (!(statements instanceof Histogram)) throw new Error('Statements are not counted any more.')
  const measured = new AsyncLocalStorage<{ statements: number }>()
  const observe = statements.observe.bind(statements)
  t.intercept(statements, 'observe', {
    value: (...args: Parameters<typeof observe>) => {
      const cost = measured.getStore()
      if (cost !== undefined) cost.statements++
      observe(...args)
    },
  })
  return async (t: Test, { status, ...request }: Asked): Promise<Cost> => {
    proxy.forgetRequests()
    log.length = 0
    const cost = { statements: 0 }
    const answer = await measured.run(cost, async () => await app.inject(request))
    t.equal(answer.statusCode, status)
    // The last line is written once the answer has been sent.
    await setImmediate()
    return { store: proxy.requests.map(({ method }) => method), statements: cost.statements, logBytes: loggedBytes(log) }
  }
}

/** The bytes of lines about a request, without what differs each time. */
function loggedBytes (lines: readonly string[]): number {
  const said = lines.map((line) => JSON.parse(line)).filter(({ reqId }) => reqId !== undefined)
    .map(({ time, pid, hostname, reqId, responseTime, ...rest }) => `${JSON.stringify(rest)}\n`)
  return Buffer.byteLength(said.join(''))
}
