import { readFileSync } from 'node:fs'
import { sql } from 'kysely'
import t from 'tap'
import { auditSums } from '../../../../../../db/usage/audit.js'
import { mintObjectKey } from '../../../../../../objects/object-key.js'
import { bucketRecord } from '../../../../../support/bucket-records.js'
import { FaultProxy } from '../../../../../support/fault-proxy.js'
import { sendRaw } from '../../../../../support/raw-request.js'
import { member, runId, startService, workflowId } from '../../../../../support/service.js'
import { openEmbeddedStore } from '../../../../../support/stores.js'

const path = '/api/v1/objects/events'
const token = 'a-token-of-the-object-store'
const authorization = `Bearer ${token}`
const mint = (path: string) =>
  mintObjectKey({ orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path })

/** A record in Amazon's form. */
function record (objectKey: string, change: { size?: unknown, removed?: boolean, bucket?: string, atMs?: number } = {}) {
  const { size = 5, removed = false, bucket = 'objects', atMs = Date.now() } = change
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    eventTime: new Date(atMs).toISOString(),
    eventName: removed ? 'ObjectRemoved:Delete' : 'ObjectCreated:Put',
    s3: {
      bucket: { name: bucket },
      object: {
        key: encodeURIComponent(objectKey), ...removed ? {} : { size, eTag: 'abc' }, sequencer: atMs.toString(16).padStart(16, '0'),
      },
    },
  }
}

t.test('on the whole service', async (t) => {
  const { app, authorise, log, putFile } = await startService(t, { EVENTS_TOKEN: token })
  const post = (payload: unknown, headers: Record<string, string> = { authorization }) => app.inject({
    method: 'POST', url: path, headers, payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  })
  const usage = async () => (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(member) })).json()
  const emptyUsage = { totalBytes: 0, fileCount: 0 }

  t.test('a file counts once the notification of it is answered, and no more once its removal is', async (t) => {
    const objectKey = mint('report 50%+.csv')
    const now = Date.now()
    const created = await post({ Records: [record(objectKey, { size: 1234, atMs: now })] })
    t.equal(created.statusCode, 200)
    t.strictSame(created.json(), { applied: 1, setAside: 0, ignored: 0 })
    t.match(await usage(), { totalBytes: 1234, outputBytes: 1234, inputBytes: 0, fileCount: 1 })
    await post({ Records: [record(objectKey, { removed: true, atMs: now + 1 })] })
    t.match(await usage(), emptyUsage)
    const late = await post({ Records: [record(objectKey, { size: 1234, atMs: now })] })
    t.strictSame(late.json(), { applied: 1, setAside: 0, ignored: 0 }, 'sent again, it changes nothing')
    t.match(await usage(), emptyUsage)
  })

  t.test('the three vendors\' notifications are taken as they are sent', async (t) => {
    for (const vendor of ['aws', 'minio', 'ceph']) {
      const bodies: Record<string, unknown> =
        JSON.parse(readFileSync(new URL(`../../../../../fixtures/notifications-${vendor}.json`, import.meta.url), 'utf8'))
      const { statusCode } = await post(bodies.put)
      t.equal(statusCode, 200, vendor)
    }
    // None of these times can be ordered across vendors, so the store was asked, which has no such file.
    t.match(await usage(), emptyUsage)
    t.strictSame((await post({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'objects' })).json(),
      { applied: 0, setAside: 0, ignored: 0 })
  })

  t.test('the token is accepted behind Bearer, bare, and as a password, and nothing else is', async (t) => {
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
    for (const accepted of [authorization, `bearer  ${token}`, token, basic(`ceph:${token}`), basic(`:${token}`)]) {
      t.equal((await post({ Records: [] }, { authorization: accepted })).statusCode, 200)
    }
    const refused = [
      'Bearer', 'Bearer ', `Bearer ${token}x`, token.slice(0, -1), ` ${token}x`, `Token ${token}`, basic(token + ':'), basic('x'),
      authorise(member).authorization,
    ]
    for (const wrong of refused) {
      const response = await post({ Records: [record(mint('refused'))] }, { authorization: wrong })
      t.equal(response.statusCode, 401)
      t.equal(response.json().code, 'TOKEN_INVALID')
      t.equal(response.headers['www-authenticate'], 'Bearer')
    }
    t.match((await post({ Records: [] }, {})).json(), { statusCode: 401, code: 'TOKEN_REQUIRED' })
    t.match(await usage(), emptyUsage)
  })

  t.test('of two Authorization headers neither counts', async (t) => {
    const origin = await app.listen({ host: '127.0.0.1', port: 0 })
    const body = JSON.stringify({ Records: [record(mint('refused'))] })
    for (const [first, second] of [[authorization, authorization], [authorization, 'x'], ['x', authorization], [authorization, '']]) {
      const answer = await sendRaw(origin, [
        `POST ${path} HTTP/1.1`, `Content-Length: ${body.length}`, `Authorization: ${first}`, `AUTHORIZATION: ${second}`, '', body,
      ])
      t.match(answer, /^HTTP\/1\.1 401 [^]*"TOKEN_INVALID"[^]*several Authorization headers/)
    }
    t.match(await usage(), emptyUsage)
  })

  t.test('records of other buckets, kinds and keys are ignored; a bad one is set aside, and the others are applied', async (t) => {
    const objectKey = mint('kept.txt')
    const tagging = { ...record(mint('tagged')), eventName: 'ObjectTagging:Put' }
    const response = await post({
      Records: [
        record(mint('elsewhere'), { bucket: 'other' }), tagging, record('backup.tar'), { ...record(''), s3: { object: { key: '' } } }, null,
        record(objectKey, { size: 7 }),
      ],
    })
    t.equal(response.statusCode, 200)
    t.strictSame(response.json(), { applied: 1, setAside: 2, ignored: 3 })
    t.match(await usage(), { totalBytes: 7, fileCount: 1 })
    const kept = await app.database.selectFrom('set_aside_events').select('reason').orderBy('id').execute()
    t.strictSame(kept.map(({ reason }) => reason), ['key_malformed', 'record_malformed'])
    await post({ Records: [record(objectKey, { removed: true, atMs: Date.now() + 1 })] })
  })

  t.test('a body of no known form is refused, so that its sender keeps it, and nothing of it is kept here', async (t) => {
    await app.database.deleteFrom('set_aside_events').execute()
    const secretKey = mint('of-no-form.txt')
    const bodies = [
      '{"Records":[', '', '[]', '"text"', '7', 'null', '{}', '{"Records":"x"}', `{"Records":${'['.repeat(100_000)}`,
      JSON.stringify([{ key: secretKey }]),
      JSON.stringify({ 'detail-type': 'Object Created', source: 'aws.ec2', detail: { object: { key: secretKey } } }),
      JSON.stringify({ Type: 'Notification', Message: `Hello ${secretKey}` }),
      JSON.stringify({ message: { attributes: { objectId: secretKey } }, subscription: 's' }),
      JSON.stringify({ action: 'PutObject', bucket: 'objects', object: { key: secretKey, size: 1 } }),
    ]
    for (const body of bodies) t.match((await post(body)).json(), { statusCode: 422, code: 'EVENTS_NOT_UNDERSTOOD' }, body.slice(0, 40))
    t.strictSame(await app.database.selectFrom('set_aside_events').select('id').execute(), [])
    t.match(await usage(), emptyUsage)
    t.match((await app.inject('/metrics')).body, new RegExp(`^objects_storage_event_bodies_refused_total ${bodies.length}$`, 'm'))
    const told = log.filter((line) => line.includes('refused a notification of unknown form'))
    t.equal(told.length, bodies.length)
    t.match(told.map((line) => JSON.parse(line)), bodies.map((body) => ({ level: 40, bytes: Buffer.byteLength(body) })))
    t.notOk(log.some((line) => line.includes('of-no-form')))
  })

  t.test('of a notification without one usable key, a hundred records are kept and the others counted', async (t) => {
    await app.database.deleteFrom('set_aside_events').execute()
    const zeros = `{"Records":[${'0,'.repeat(500_000)}0]}`
    t.strictSame((await post(zeros)).json(), { applied: 0, setAside: 500_001, ignored: 0 })
    t.equal((await app.database.selectFrom('set_aside_events').select('id').execute()).length, 100)
    t.match((await app.inject('/metrics')).body, /^objects_storage_event_records_total\{outcome="discarded"\} 499901$/m)
  })

  t.test('records that make room for newer ones are counted', async (t) => {
    await sql`select setval(pg_get_serial_sequence('set_aside_events', 'id'), max(id) + 99990) from set_aside_events`.execute(app.database)
    const [, before] = /^objects_storage_event_records_trimmed_total (\d+)$/m.exec((await app.inject('/metrics')).body) ?? []
    t.equal(before, '0')
    t.strictSame((await post({ Records: [null, null] })).json(), { applied: 0, setAside: 2, ignored: 0 })
    t.match((await app.inject('/metrics')).body, /^objects_storage_event_records_trimmed_total 92$/m)
    await app.database.deleteFrom('set_aside_events').execute()
  })

  t.test('test messages of any vendor are answered with zeros', async (t) => {
    for (const message of [
      { Service: 'Amazon S3', Event: 's3:TestEvent', Time: '2026-11-24T10:27:50.000Z', Bucket: 'objects', RequestId: '5582815E1AEA5ADF', HostId: '8cLe' },
      { Service: 'S3', Event: 's3:TestEvent', Time: '2026-11-24T10:27:50+01:00', Bucket: 'Test-Bucket' },
    ]) {
      const { statusCode, body } = await post(message)
      t.strictSame([statusCode, JSON.parse(body)], [200, { applied: 0, setAside: 0, ignored: 0 }])
    }
  })

  t.test('a byte order mark before the body is not part of it', async (t) => {
    t.strictSame((await post(`\ufeff${JSON.stringify({ Records: [] })}`)).json(), { applied: 0, setAside: 0, ignored: 0 })
  })

  t.test('a record of which only the key can be read is counted as the bucket has it', async (t) => {
    const objectKey = await putFile('twelve bytes')
    const unread = record(objectKey, { size: '10' })
    const cases = [
      { ...record(objectKey, { size: 9 }), eventTime: '0.000000', eventSource: 'ceph:s3' }, unread, { ...unread, eventTime: 'soon' },
      { ...unread, eventName: undefined },
    ]
    for (const each of cases) {
      const ours = { ...each, s3: { ...each.s3, object: { ...each.s3.object, key: objectKey } } }
      t.strictSame((await post({ Records: [ours] })).json(), { applied: 1, setAside: 0, ignored: 0 })
      t.match(await usage(), { totalBytes: 12, fileCount: 1 })
    }
    await app.minio.removeObject('objects', objectKey)
    await post({ Records: [{ ...record(objectKey, { removed: true }), eventTime: '0.000000' }] })
    t.match(await usage(), emptyUsage)
  })

  t.test('where a record may mean either of two keys, each is counted as the bucket has it', async (t) => {
    const objectKey = await putFile('seven b', { objectKey: mint('a+b%20c.txt') })
    const versitygw = record(objectKey)
    await post({ Records: [{ ...versitygw, s3: { ...versitygw.s3, object: { ...versitygw.s3.object, key: objectKey } } }] })
    t.match(await usage(), { totalBytes: 7, fileCount: 1 })
    await app.minio.removeObject('objects', objectKey)
    await post({ Records: [{ ...versitygw, eventName: 's3:ObjectRemoved:Delete', s3: { ...versitygw.s3, object: { key: objectKey } } }] })
    t.match(await usage(), emptyUsage)
  })

  t.test('any content type will do, and none', async (t) => {
    for (const type of ['application/json', 'application/json; charset=utf-8', 'text/plain', 'application/x-www-form-urlencoded']) {
      const response = await post({ Records: [] }, { authorization, 'content-type': type })
      t.equal(response.statusCode, 200, type)
      t.equal(response.json().setAside, 0, type)
    }
    t.equal((await post({ Records: [] })).json().setAside, 0, 'none')
  })

  t.test('a body over the limit is 413, but its sender is asked for the token first', async (t) => {
    const large = JSON.stringify({ Records: [], padding: 'x'.repeat(1024 * 1024) })
    t.match((await post(large)).json(), { statusCode: 413, code: 'BODY_TOO_LARGE' })
    t.match((await post(large, {})).json(), { statusCode: 401 })
  })

  t.test('a thousand records in one request, and many requests at once, are each counted once', async (t) => {
    const records = Array.from({ length: 1_500 }, (_, index) => record(mint(`${index}`), { size: 1 }))
    t.strictSame((await post({ Records: records })).json(), { applied: 1_500, setAside: 0, ignored: 0 })
    const answers = await Promise.all(records.slice(0, 100).map((each) => post({ Records: [each, record(mint('new'), { size: 2 })] })))
    t.ok(answers.every(({ statusCode }) => statusCode === 200))
    t.match(await usage(), { totalBytes: 1_700, fileCount: 1_600 })
    t.strictSame(await auditSums(app.database), [])
  })

  t.test('what became of the records appears in the metrics', async (t) => {
    const { body } = await app.inject('/metrics')
    for (const outcome of ['applied', 'set_aside', 'ignored', 'foreign']) {
      t.match(body, new RegExp(`^objects_storage_event_records_total\\{outcome="${outcome}"\\} [1-9]`, 'm'))
    }
  })

  t.test('no object key and no token was logged', async (t) => {
    t.ok(log.length > 0)
    for (const secret of [token, '/outputs/', '/inputs/', '%2Foutputs', 'backup.tar']) {
      t.notOk(log.some((line) => line.includes(secret)), secret)
    }
  })
})

t.test('without a configured token nobody may send events', async (t) => {
  const { app } = await startService(t)
  const response = await app.inject({ method: 'POST', url: path, headers: { authorization: 'Bearer ' }, payload: '{"Records":[]}' })
  t.match(response.json(), { statusCode: 401, code: 'TOKEN_INVALID' })
})

t.test('while the database does not answer, the sender is told to retry', async (t) => {
  const { app } = await startService(t, { EVENTS_TOKEN: token, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' })
  const response = await app.inject({
    method: 'POST', url: path, headers: { authorization }, payload: JSON.stringify({ Records: [record(mint('a'))] }),
  })
  t.match(response.json(), { statusCode: 503, code: 'DATABASE_UNAVAILABLE' })
  t.ok(Number(response.headers['retry-after']) > 0)
})

t.test('while the store does not answer, what needs it must be sent again, and everything else is counted', async (t) => {
  const { app, authorise } = await startService(t, {
    EVENTS_TOKEN: token, S3_ENDPOINT: 'http://127.0.0.1:1', S3_ACCESS_KEY: 'nobody', S3_SECRET_KEY: 'nothing',
  })
  const unclear = record(mint('unclear'), { size: undefined })
  Reflect.deleteProperty(unclear.s3.object, 'size')
  const response = await app.inject({
    method: 'POST', url: path, headers: { authorization }, payload: JSON.stringify({ Records: [unclear, record(mint('clear'), { size: 9 })] }),
  })
  t.match(response.json(), { statusCode: 503, code: 'STORE_UNAVAILABLE' })
  t.ok(Number(response.headers['retry-after']) > 0)
  const usage = await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(member) })
  t.match(usage.json(), { totalBytes: 9, fileCount: 1 })
})

t.test('a file that the store keeps from the service is counted as it is listed, and no other is held up', async (t) => {
  const store = await openEmbeddedStore()
  const proxy = await FaultProxy.start(store.endpoint)
  t.teardown(async () => {
    await proxy.close()
    await store.close()
  })
  const environment = { ...store.environment, S3_ENDPOINT: proxy.endpoint, EVENTS_TOKEN: token }
  const { app, authorise, putFile } = await startService(t, environment)
  const { bucket } = app.storeTarget
  const usage = async () => {
    const { totalBytes, fileCount } = (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(member) })).json()
    return [totalBytes, fileCount]
  }
  // Their times are unreadable, so the bucket has to be asked about each.
  const report = async (...objectKeys: string[]) => await app.inject({
    method: 'POST',
    url: path,
    headers: { authorization },
    payload: { Records: objectKeys.map((objectKey) => ({ ...bucketRecord(objectKey, { bucket }), eventTime: '0.000000' })) },
  })
  const [one, two, three] = [await putFile('1'), await putFile('22'), await putFile('333')]

  t.test('even if it is one of many, or all', async (t) => {
    for (const times of [1, Infinity]) {
      proxy.inject({ kind: 'answer', statusCode: 403, code: 'AccessDenied' }, { method: 'HEAD', times })
      t.strictSame((await report(one, two, three)).json(), { applied: 3, setAside: 0, ignored: 0 })
      t.strictSame(await usage(), [6, 3])
      proxy.heal()
    }
  })

  t.test('and one that is not listed is absent, although the store does not say so', async (t) => {
    await app.minio.removeObject(bucket, two)
    proxy.inject({ kind: 'answer', statusCode: 403, code: 'AccessDenied' }, { method: 'HEAD' })
    t.equal((await report(two, one.replace(/[^/]+$/, 'fil'))).statusCode, 200)
    t.strictSame(await usage(), [4, 2])
    proxy.heal()
  })

  t.test('but if the store refuses the service altogether, the sender must retry', async (t) => {
    proxy.inject({ kind: 'answer', statusCode: 403, code: 'InvalidAccessKeyId' })
    t.match((await report(three)).json(), { statusCode: 502, code: 'STORE_REFUSED' })
    proxy.heal()
    t.strictSame(await usage(), [4, 2])
  })
  t.strictSame(await auditSums(app.database), [])
})
