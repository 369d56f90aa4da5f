import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { member, service, startService } from '../../support/service.js'

t.test('metrics tell how the service fares, and hold nothing secret', async (t) => {
  const { app, putFile, downloadPath, authorise, log } = await startService(t, { EVENTS_TOKEN: 'a-token-of-the-events' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const objectKey = await putFile('hello', { fileName: 'a secret name.txt' })
  await app.bucketEvents.settled()
  const scrape = async () => (await app.inject('/metrics')).body
  const value = async (sample: string) => {
    const line = (await scrape()).split('\n').find((text) => text.startsWith(`${sample} `))
    return line === undefined ? undefined : Number(line.slice(sample.length + 1))
  }

  t.test('of requests by method, route and class of status', async (t) => {
    await app.inject(downloadPath(objectKey))
    await app.inject(downloadPath(objectKey.replace('secret', 'other')))
    await app.inject('/api/v1/objects/a-secret-in-the-path')
    await app.inject({
      method: 'PUT', url: '/api/v1/objects/workflows/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10', headers: authorise(service), payload: { name: 'a secret' },
    })
    const counted = (method: string, route: string, status: string) =>
      value(`http_request_duration_seconds_count{method="${method}",route="${route}",status="${status}"}`)
    t.equal(await counted('GET', '/api/v1/objects/download', '3xx'), 1)
    t.equal(await counted('GET', '/api/v1/objects/download', '4xx'), 1)
    t.equal(await counted('GET', 'none', '4xx'), 1)
    t.equal(await counted('PUT', '/api/v1/objects/workflows/:workflowId', '2xx'), 1)
  })

  t.test('of the existence cache', async (t) => {
    const hits = await value('objects_storage_existence_cache_total{result="hit"}') ?? 0
    const misses = await value('objects_storage_existence_cache_total{result="miss"}')
    await app.inject(downloadPath(objectKey))
    t.equal(await value('objects_storage_existence_cache_total{result="hit"}'), hits + 1)
    t.equal(await value('objects_storage_existence_cache_total{result="miss"}'), misses)
  })

  t.test('of the object storage and the database', async (t) => {
    t.ok(await value('objects_storage_store_request_duration_seconds_count{method="HEAD",outcome="2xx"}'))
    t.ok(await value('objects_storage_store_request_duration_seconds_count{method="HEAD",outcome="4xx"}'))
    t.ok(await value('objects_storage_database_statement_duration_seconds_count{outcome="ok"}'))
    await app.inject('/health/ready')
    t.equal(await value('objects_storage_part_up{part="object_storage"}'), 1)
    t.equal(await value('objects_storage_part_up{part="database"}'), 1)
  })

  t.test('of events: applied, late and set aside', async (t) => {
    const record = (key: string) => ({
      eventSource: 'aws:s3',
      eventName: 'ObjectCreated:Put',
      eventTime: '2026-11-24T10:27:54.147Z',
      s3: { bucket: { name: 'objects' }, object: { key, size: 5, eTag: 'e', sequencer: '0A' } },
    })
    const counted = (outcome: string) => value(`objects_storage_event_records_total{outcome="${outcome}"}`)
    const [applied = 0, late = 0, setAside = 0] = [await counted('applied'), await counted('late'), await counted('set_aside')]
    const key = encodeURIComponent(objectKey.replace('hello', 'hullo').replace('a secret', 'another secret'))
    await app.bucketEvents.receive({ Records: [record(key)] }, 'http')
    await app.bucketEvents.receive({ Records: [record(key)] }, 'http')
    await app.bucketEvents.receive({ Records: [{ s3: { secret: 1 } }] }, 'http')
    t.strictSame([await counted('applied'), await counted('late'), await counted('set_aside')], [applied + 1, late + 1, setAside + 1])
  })

  t.test('of how late events are, by what brought them: from the time that they name to their commit', async (t) => {
    const began = Date.now()
    const record = (name: string, eventTime: string) => ({
      eventSource: 'aws:s3',
      eventName: 'ObjectCreated:Put',
      eventTime,
      s3: { bucket: { name: 'objects' }, object: { key: encodeURIComponent(objectKey.replace('secret', name)), size: 5, eTag: 'e' } },
    })
    const lateness = async (channel: string) => {
      const sample = (name: string, more = '') => value(`objects_storage_event_lateness_seconds_${name}{${more}channel="${channel}"}`)
      return { within: await sample('bucket', 'le="300",'), beyond: await sample('count'), seconds: await sample('sum') }
    }
    t.strictSame(await lateness('sqs'), { within: undefined, beyond: undefined, seconds: undefined })
    const http = await lateness('http')
    const hourAgo = new Date(began - 3_600_000).toISOString()
    // An event with a time in the future does not count as early, and one without a time is not measured. The others are.
    const records = [record('in time', new Date(began).toISOString()), record('ahead', new Date(began + 2_000).toISOString()),
      record('an hour late', hourAgo), record('without', '')]
    await app.bucketEvents.receive({ Records: records }, 'sqs')
    const { within, beyond, seconds = 0 } = await lateness('sqs')
    t.strictSame([within, beyond], [2, 3])
    const [atLeast, atMost] = [3_600, 3_600 + 3 * (Date.now() + 2_000 - began) / 1000]
    t.ok(seconds >= atLeast - 1 && seconds <= atMost + 1, `${seconds} seconds`)
    t.strictSame(await lateness('http'), http)
    t.ok(await value('objects_storage_event_lateness_seconds_count{channel="embedded"}'), 'the embedded store\'s are measured, too')
  })

  t.test('of drift that a reconcile found', async (t) => {
    await app.database.deleteFrom('objects').execute()
    await app.database.deleteFrom('usage_sums').execute()
    await (await app.reconciliation.start({ prefix: '' }))?.done
    t.equal(await value('objects_storage_reconcile_drift_total{kind="added"}'), 1)
    t.equal(await value('objects_storage_reconcile_runs_total{status="complete"}'), 1)
  })

  t.test('of the process', async (t) => {
    t.ok(await value('process_resident_memory_bytes'))
    t.ok(await value('process_start_time_seconds'))
  })

  t.test('and no keys, names, tokens, addresses or signatures', async (t) => {
    const text = await scrape()
    t.notMatch(text, /secret|a-token|Signature|acme/)
    t.notMatch(text, member.userId)
    t.notMatch(text, new URL(app.storeTarget.endpoint).host)
    t.ok(log.length > 0)
  })
})

t.test('streams are counted while their bytes are sent', async (t) => {
  const { app, putFile, downloadPath } = await startService(t, { DOWNLOAD_MODE: 'stream' })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const open = async () => /^objects_storage_streams_open (\d+)$/m.exec((await app.inject('/metrics')).body)?.[1]
  const path = downloadPath(await putFile(Buffer.alloc(16 * 1024 * 1024)))
  t.equal(await open(), '0')
  const leaving = new AbortController()
  const { body } = await fetch(new URL(path, origin), { signal: leaving.signal })
  t.equal(await open(), '1')
  leaving.abort()
  await t.rejects(new Response(body).arrayBuffer())
  while (await open() !== '0') await setImmediate()
  const file = await fetch(new URL(path, origin))
  t.equal((await file.arrayBuffer()).byteLength, 16 * 1024 * 1024)
  while (await open() !== '0') await setImmediate()
})

t.test('statements that fail are told from those that do not', { skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set' }, async (t) => {
  const { url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  const { app } = await startService(t, { DATABASE_URL: url })
  await t.rejects(app.database.insertInto('workflows').values({ org_key: 'acme', workflow_id: 'no UUID', name: '' }).execute())
  t.match((await app.inject('/metrics')).body, /^objects_storage_database_statement_duration_seconds_count\{outcome="error"\} 1$/m)
})
