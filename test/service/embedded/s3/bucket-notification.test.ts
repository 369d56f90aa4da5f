import t from 'tap'
import { put, send, sendSigned } from '../../../service/contract/contract-store.js'
import { makeFolder, openStore } from '../../../support/test-store.js'

t.test('an upload, an upload in parts and a deletion are reported in S3\'s record form', async (t) => {
  const store = await openStore(t, await makeFolder(t))
  const objectKey = 'a b/ü+%.txt'
  await put(store, objectKey, 'hello')
  const uploads = { uploads: '' }
  const uploadId = /<UploadId>(.*?)</.exec((await sendSigned(store, { method: 'POST', objectKey, query: uploads })).body.toString())?.[1] ?? ''
  const part = await sendSigned(store, { method: 'PUT', objectKey, query: { uploadId, partNumber: '1' }, body: 'one' })
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part></CompleteMultipartUpload>`
  await sendSigned(store, { method: 'POST', objectKey, query: { uploadId }, body })
  const { 'last-modified': lastModified } = (await send(store.presign({ method: 'HEAD', objectKey }), { method: 'HEAD' })).headers
  await send(store.presign({ method: 'DELETE', objectKey }), { method: 'DELETE' })

  const [created, completed, removed, ...more] = store.events
  t.strictSame(more, [])
  t.strictSame(created, {
    eventVersion: '2.1',
    eventSource: 'objects-storage:embedded',
    awsRegion: 'eu-test-1',
    eventTime: created?.eventTime,
    eventName: 'ObjectCreated:Put',
    s3: {
      s3SchemaVersion: '1.0',
      bucket: { name: 'embedded' },
      object: {
        key: 'a+b/%C3%BC%2B%25.txt', size: 5, eTag: '5d41402abc4b2a76b9719d911017c592', sequencer: created?.s3.object.sequencer,
      },
    },
  })
  t.match(completed, { eventName: 'ObjectCreated:CompleteMultipartUpload', s3: { object: { size: 3, eTag: /^[0-9a-f]{32}-1$/ } } })
  t.equal(new Date(completed?.eventTime ?? '').toUTCString(), lastModified)
  t.equal(removed?.eventName, 'ObjectRemoved:Delete')
  t.strictSame(Object.keys(removed?.s3.object ?? {}), ['key', 'sequencer'])
  for (const { eventTime, s3 } of store.events) {
    t.match(eventTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    t.match(s3.object.sequencer, /^[0-9A-F]{16}$/)
  }
})

t.test('what changes nothing is not reported', async (t) => {
  const store = await openStore(t, await makeFolder(t))
  await send(store.presign({ method: 'DELETE', objectKey: 'absent' }), { method: 'DELETE' })
  await sendSigned(store, { method: 'PUT', objectKey: 'k', headers: { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }, body: 'x' })
  await sendSigned(store, { method: 'POST', objectKey: 'k', query: { uploads: '' } })
  t.strictSame(store.events, [])
})

t.test('a change is in effect when it is reported', async (t) => {
  const seen: Array<Promise<number>> = []
  const folder = await makeFolder(t)
  const store = await openStore(t, folder, {
    onEvent: () => { seen.push(send(store.presign({ method: 'GET', objectKey: 'k' })).then(({ status }) => status)) },
  })
  await put(store, 'k', 'x')
  t.equal(await seen[0], 200)
  await send(store.presign({ method: 'DELETE', objectKey: 'k' }), { method: 'DELETE' })
  t.equal(await seen[1], 404)
})

t.test('concurrent changes of one key are reported in the order in which they took effect', async (t) => {
  const folder = await makeFolder(t)
  const store = await openStore(t, folder)
  const objectKey = 'contested'
  await Promise.all(Array.from({ length: 60 }, async (_, number) => number % 3 === 2
    ? await send(store.presign({ method: 'DELETE', objectKey }), { method: 'DELETE' })
    : await put(store, objectKey, `body ${number}`)))
  await put(store, objectKey, 'an end that is known')
  await Promise.all(Array.from({ length: 20 }, (_, number) => put(store, objectKey, `late ${number}`)))

  const sequencers = store.events.map(({ s3 }) => s3.object.sequencer)
  t.strictSame(sequencers, [...new Set(sequencers)].sort())
  // `removed` may only be reported after `created`, so that a wrong order would show.
  store.events.forEach(({ eventName }, index) => {
    if (eventName === 'ObjectRemoved:Delete') t.match(store.events[index - 1]?.eventName, /^ObjectCreated/)
  })
  const last = store.events.at(-1)?.s3.object
  const { headers, body } = await send(store.presign({ method: 'GET', objectKey }))
  t.equal(headers.etag, `"${last?.eTag}"`)
  t.equal(body.length, last?.size)
  await store.close()
  const reopened = await openStore(t, folder)
  t.equal((await send(reopened.presign({ method: 'HEAD', objectKey }), { method: 'HEAD' })).headers.etag, `"${last?.eTag}"`)
})
