import { createHash } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import { auditSums } from '../../../db/usage/audit.js'
import { redactObjectKey } from '../../../objects/redacted-key.js'
import { bucketRecord } from '../../support/bucket-records.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { type TestService, member, runId, service, startService, workflowId } from '../../support/service.js'
import { openEmbeddedStore } from '../../support/stores.js'

const token = 'a-token-of-the-object-store'
const contentType = 'text/plain'

function actions ({ app, authorise }: TestService) {
  const bucket = app.storeTarget.bucket
  return {
    reserve: async (sizeBytes?: number) => {
      const answer = await app.inject({
        method: 'POST',
        url: '/api/v1/objects/uploads',
        headers: authorise(member),
        payload: { workflowId, runId, direction: 'outputs', fileName: 'file.txt', contentType, sizeBytes },
      })
      return { statusCode: answer.statusCode, ...answer.json() }
    },
    report: async (objectKey: string, change: Omit<Parameters<typeof bucketRecord>[1], 'bucket'>) => await app.inject({
      method: 'POST',
      url: '/api/v1/objects/events',
      headers: { authorization: `Bearer ${token}` },
      payload: { Records: [bucketRecord(objectKey, { bucket, ...change })] },
    }),
    isThere: async (objectKey: string) => await app.objectStorage.head(objectKey) !== undefined,
    usage: async () => {
      const { totalBytes, fileCount } = (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(member) })).json()
      return [totalBytes, fileCount]
    },
    setQuota: async (quotaBytes: number | null) => await app.inject({
      method: 'PUT', url: '/api/v1/objects/quota', headers: authorise(service), payload: { quotaBytes },
    }),
    metric: async (name: string) => (await app.metrics.metrics()).split('\n').filter((line) => line.startsWith(`${name}`)),
    reasons: async () => (await app.database.selectFrom('set_aside_events').select('reason').execute()).map(({ reason }) => reason),
  }
}

const md5 = (body: string) => createHash('md5').update(body).digest('hex')
const laterBy = (seconds: number) => new Date(Date.now() + seconds * 1000)

t.test('a file bigger than its upload was allowed to be is removed while the URL can be used', async (t) => {
  const started = await startService(t, { EVENTS_TOKEN: token })
  const { app, log, putFile, nextLine, follow } = started
  const { reserve, isThere, usage, setQuota, metric, reasons } = actions(started)
  await setQuota(10)
  const { objectKey, url, headers } = await reserve(5)
  const removal = nextLine(({ msg }) => msg.startsWith('removed a file'))
  await putFile('far too big', { objectKey, contentType })
  await removal
  await app.bucketEvents.settled()
  t.notOk(await isThere(objectKey))
  t.strictSame(await usage(), [0, 0])
  t.strictSame(await metric('objects_storage_uploads_removed_total'), ['objects_storage_uploads_removed_total{reason="size"} 1'])
  t.strictSame(await reasons(), ['size_not_as_promised'])
  t.ok(log.some((line) => line.includes('that its upload did not allow') && line.includes(redactObjectKey(objectKey))))
  t.notOk(log.some((line) => line.includes(objectKey) || line.includes(encodeURIComponent(objectKey))))

  t.equal((await reserve(6)).statusCode, 507, 'its URL still reserves what it may put')
  t.equal((await follow(url, { method: 'PUT', headers, body: 'hello' })).status, 200)
  await app.bucketEvents.settled()
  t.strictSame(await usage(), [5, 1])
  t.equal((await reserve(6)).statusCode, 507)
  t.equal((await reserve(5)).statusCode, 201, 'what arrived counts once')
  t.strictSame(await auditSums(app.database), [])
})

t.test('a leaked EVENTS_TOKEN removes no file', async (t) => {
  const started = await startService(t, { EVENTS_TOKEN: token })
  const { app, putFile, follow } = started
  const { reserve, report, isThere, usage, metric, reasons } = actions(started)
  const lies = ['s3:ObjectCreated:Copy', 'ObjectCreated:Copy', 's3:ObjectCreated:Put', 's3:ObjectCreated:CompleteMultipartUpload']
    .flatMap((eventName) => [5, 6, 5_000_000_000, 2 ** 53 - 1].flatMap((sizeBytes) =>
      [md5('hello'), 'forged'].map((entityTag) => ({ eventName, sizeBytes, entityTag }))))
  const lie = async (objectKey: string) => {
    for (const [index, forged] of lies.entries()) {
      // A minute apart from each other, so that the event is believed.
      t.equal((await report(objectKey, { ...forged, at: laterBy(10 * (index + 1)) })).statusCode, 200)
    }
  }

  t.test('that was uploaded as reserved, while the URL can be used, and usage is right again at once', async (t) => {
    const { objectKey, url, headers } = await reserve(5)
    t.equal((await follow(url, { method: 'PUT', headers, body: 'hello' })).status, 200)
    await app.bucketEvents.settled()
    await lie(objectKey)
    t.ok(await isThere(objectKey))
    t.strictSame(await usage(), [5, 1])
    t.ok((await reasons()).includes('copied_over_upload'))
    t.not((await metric('objects_storage_uploads_copied_total'))[0], 'objects_storage_uploads_copied_total 0')
  })

  t.test('whose URL has expired, even if the file is bigger than reserved', async (t) => {
    const { objectKey } = await reserve(4)
    await sql`update uploads set expires_at = now() where object_key = ${objectKey}`.execute(app.database)
    await putFile('hello', { objectKey, contentType: 'image/png' })
    await app.bucketEvents.settled()
    await lie(objectKey)
    t.ok(await isThere(objectKey))
  })

  t.test('that no upload was made for', async (t) => {
    const objectKey = await putFile('hello')
    await app.bucketEvents.settled()
    await lie(objectKey)
    t.ok(await isThere(objectKey))
  })

  t.test('of any size where none was stated', async (t) => {
    const { objectKey, url, headers } = await reserve()
    t.equal((await follow(url, { method: 'PUT', headers, body: 'hello' })).status, 200)
    await app.bucketEvents.settled()
    await lie(objectKey)
    t.ok(await isThere(objectKey))
  })

  t.strictSame(await metric('objects_storage_uploads_removed_total'), [])
  t.strictSame(await auditSums(app.database), [])
})

t.test('what the store prevented is done when the sender repeats the event', async (t) => {
  const store = await openEmbeddedStore()
  const proxy = await FaultProxy.start(store.endpoint)
  t.teardown(async () => {
    await proxy.close()
    await store.close()
  })
  const started = await startService(t, { ...store.environment, S3_ENDPOINT: proxy.endpoint, EVENTS_TOKEN: token })
  const { putFile, nextLine } = started
  const { reserve, report, isThere, usage } = actions(started)
  const { objectKey } = await reserve(5)
  await putFile('far too big', { objectKey, contentType })
  const event = { sizeBytes: 11, entityTag: md5('far too big'), at: new Date() }

  proxy.inject({ kind: 'answer', statusCode: 503, code: 'SlowDown' })
  t.equal((await report(objectKey, event)).statusCode, 503)
  t.strictSame(await usage(), [11, 1], 'it is counted as long as it is there')
  proxy.heal()
  await setTimeout(2_100)
  t.equal((await report(objectKey, event)).statusCode, 200)
  t.notOk(await isThere(objectKey))
  t.strictSame(await usage(), [0, 0])

  const other = await reserve(5)
  await putFile('far too big', { objectKey: other.objectKey, contentType })
  proxy.inject({ kind: 'answer', statusCode: 403, code: 'AccessDenied' }, { method: 'DELETE' })
  const refusal = nextLine(({ msg }) => msg.startsWith('cannot remove a file'))
  t.equal((await report(other.objectKey, event)).statusCode, 200, 'no repetition would change a refusal')
  t.match(await refusal, { level: 50, err: { message: /AccessDenied/ } })
  t.ok(await isThere(other.objectKey))
})

t.test('a reconcile has a file removed that is bigger than its upload was allowed to be, and nothing else', async (t) => {
  const store = await openEmbeddedStore()
  const proxy = await FaultProxy.start(store.endpoint)
  t.teardown(async () => {
    await proxy.close()
    await store.close()
  })
  // Nobody receives this store's events.
  const started = await startService(t, { ...store.environment, S3_ENDPOINT: proxy.endpoint })
  const { app, putFile, nextLine } = started
  const { reserve, isThere, usage, setQuota, metric } = actions(started)
  const reconcile = async (options: object = {}) => await (await app.reconciliation.start({ prefix: 'acme/', ...options }))?.done
  const removals = async () => await metric('objects_storage_uploads_removed_total')
  const putOver = async (sizeBytes?: number, file: { contentType?: string, isExpired?: boolean } = {}) => {
    const { objectKey } = await reserve(sizeBytes)
    await putFile('far too big', { objectKey, contentType: file.contentType ?? contentType })
    if (file.isExpired === true) await sql`update uploads set expires_at = now() where object_key = ${objectKey}`.execute(app.database)
    return objectKey
  }

  t.test('whose event was lost', async (t) => {
    const kept = [
      await putOver(11), await putOver(12), await putOver(), await putOver(5, { isExpired: true }),
      // Only a copy's event reveals that it may be one.
      await putOver(11, { contentType: 'image/png' }),
      await putFile('no upload of anybody'),
    ]
    const tooBig = [await putOver(5), await putOver(0), await putOver(10)]
    await reconcile({ dryRun: true })
    for (const objectKey of tooBig) t.ok(await isThere(objectKey), 'a dry run removes nothing')
    await reconcile()
    for (const objectKey of tooBig) t.notOk(await isThere(objectKey))
    for (const objectKey of kept) t.ok(await isThere(objectKey))
    t.strictSame(await usage(), [5 * 11 + 'no upload of anybody'.length, 6])
    t.strictSame(await removals(), ['objects_storage_uploads_removed_total{reason="size"} 3'])
    await setQuota(1000)
    t.equal((await reserve(1000 - 75 - 15 + 1)).statusCode, 507, 'what their URLs may put is reserved again')
    t.equal((await reserve(1000 - 75 - 15)).statusCode, 201)
    await setQuota(null)
  })

  t.test('that was counted, and could not be removed then', async (t) => {
    const objectKey = await putOver(5)
    proxy.inject({ kind: 'answer', statusCode: 403, code: 'AccessDenied' }, { method: 'DELETE' })
    const refusal = nextLine(({ msg }) => msg.startsWith('cannot remove a file'))
    await reconcile()
    await refusal
    t.ok(await isThere(objectKey))
    proxy.heal()
    await reconcile()
    t.notOk(await isThere(objectKey), 'the next one finds nothing new, and looks again')
  })

  t.test('unless it has been replaced by one that was allowed', async (t) => {
    const objectKey = await putOver(5)
    const gate = new EventEmitter()
    proxy.inject({ kind: 'hold', until: once(gate, 'open') }, { method: 'HEAD', times: 1 })
    const examined = proxy.arrival('HEAD')
    const run = reconcile()
    await examined
    await putFile('hello', { objectKey, contentType })
    gate.emit('open')
    await run
    t.equal((await app.objectStorage.head(objectKey))?.sizeBytes, 5)
  })
  t.strictSame(await auditSums(app.database), [])
})

t.test('60 parallel uploads never exceed a quota, and each counts once', async (t) => {
  const started = await startService(t)
  const { app, follow } = started
  const { reserve, usage, setQuota } = actions(started)
  await setQuota(3000)
  const answers = await Promise.all(Array.from({ length: 60 }, async () => {
    const answer = await reserve(100)
    if (answer.statusCode === 201) {
      const { status } = await follow(answer.url, { method: 'PUT', headers: answer.headers, body: 'x'.repeat(100) })
      t.equal(status, 200)
    }
    return answer.statusCode
  }))
  t.equal(answers.filter((statusCode) => statusCode === 201).length, 30)
  t.equal(answers.filter((statusCode) => statusCode === 507).length, 30)
  await app.bucketEvents.settled()
  t.strictSame(await usage(), [3000, 30])
  await setQuota(3100)
  t.equal((await reserve(101)).statusCode, 507)
  t.equal((await reserve(100)).statusCode, 201)
  t.strictSame(await auditSums(app.database), [])
})
