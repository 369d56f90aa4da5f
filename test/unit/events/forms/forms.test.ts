import fc from 'fast-check'
import t from 'tap'
import { createNotificationReader } from '../../../../events/notification.js'
import { parseObjectKey } from '../../../../objects/object-key.js'

/*
 * Messages as in the vendors' documentation, with a key of this service; none of them was recorded. Those that stores
 * themselves send are in notification.test.ts.
 */
const KEY = 'acme/workflows/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10/runs/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a11/users/' +
  '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a12/outputs/AAAAAAAAAAAAAAAAAAAAAA/plots/a b+c%20é.png'
const TAG = 'b1946ac92492d2347c6235b4d2611184'
const TIME = '2026-11-12T00:00:00.500Z'
const read = createNotificationReader({ bucket: 'objects', isAmazonS3: true })

const json = (value: object) => JSON.stringify(value)
const s3Record = {
  eventVersion: '2.1',
  eventSource: 'aws:s3',
  eventTime: TIME,
  eventName: 'ObjectCreated:Put',
  s3: {
    bucket: { name: 'objects' },
    object: { key: encodeURIComponent(KEY).replaceAll('%20', '+'), size: 5, eTag: TAG, sequencer: '617F08299329D189' },
  },
}
const eventBridge = (type: string, detail: object, object: object = {}) => ({
  version: '0',
  id: '17793124-05d4-b198-2fde-7ededc63b103',
  'detail-type': type,
  source: 'aws.s3',
  account: '111122223333',
  time: '2026-11-12T00:00:00Z',
  region: 'ca-central-1',
  resources: ['arn:aws:s3:::objects'],
  detail: { version: '0', bucket: { name: 'objects' }, object: { key: KEY, sequencer: '617f08299329d189', ...object }, requester: '1', ...detail },
})
const sns = (message: object) => ({
  Type: 'Notification', MessageId: '1', TopicArn: 'arn:aws:sns:us-east-1:1:t', Subject: 'Amazon S3 Notification', Message: json(message), Timestamp: TIME,
})
const ofSns = (message: object) => ({ Records: [{ EventSource: 'aws:sns', EventVersion: '1.0', Sns: sns(message) }] })
const ofSqs = (message: object) => ({ Records: [{ messageId: '1', eventSource: 'aws:sqs', awsRegion: 'us-east-1', body: json(message) }] })
const pubSub = (eventType: string, { attributes = {}, object }: { attributes?: object, object?: object } = {}) => ({
  subscription: 'projects/p/subscriptions/s',
  message: {
    messageId: '1',
    publishTime: TIME,
    attributes: { notificationConfig: 'projects/_/buckets/objects/notificationConfigs/1', eventType, bucketId: 'objects', objectId: KEY, eventTime: TIME, ...attributes },
    ...object === undefined ? {} : { data: Buffer.from(json(object)).toString('base64') },
  },
})
const resource = { kind: 'storage#object', bucket: 'objects', name: KEY, size: '5', md5Hash: Buffer.from(TAG, 'hex').toString('base64'), etag: 'CKih16GjycICEAE=' }
const r2 = (action: string, object: object = { size: 5, eTag: TAG }) => ({
  account: '3f4b7e3dcab231cbfdaa90a6a28bd548', action, bucket: 'objects', object: { key: KEY, ...object }, eventTime: TIME,
})

const created = { kind: 'created', sizeBytes: 5, entityTag: TAG }
const [removed, unclear] = [{ kind: 'removed' }, { kind: 'unclear' }]
const put = eventBridge('Object Created', { reason: 'PutObject' }, { size: 5, etag: TAG })
const messages: Record<string, { body: unknown, change: object | 'ignored', source?: string, isCopy?: boolean }> = {
  'a bare record': { body: s3Record, change: created },
  'a bare list': { body: [s3Record], change: created },
  'EventBridge, put': { body: put, change: created },
  'EventBridge, posted': { body: eventBridge('Object Created', { reason: 'POST Object' }, { size: 5, etag: TAG }), change: created },
  'EventBridge, copied': { body: eventBridge('Object Created', { reason: 'CopyObject' }, { size: 5, etag: TAG }), change: created, isCopy: true },
  'EventBridge, in parts': { body: eventBridge('Object Created', { reason: 'CompleteMultipartUpload' }, { size: 5, etag: TAG }), change: created },
  'EventBridge, a new reason': { body: eventBridge('Object Created', { reason: 'AppendObject' }, { size: 5, etag: TAG }), change: unclear },
  'EventBridge, deleted': { body: eventBridge('Object Deleted', { reason: 'DeleteObject', 'deletion-type': 'Permanently Deleted' }), change: removed },
  'EventBridge, expired': { body: eventBridge('Object Deleted', { reason: 'Lifecycle Expiration', 'deletion-type': 'Permanently Deleted' }), change: removed },
  'EventBridge, a marker': {
    body: eventBridge('Object Deleted', { 'deletion-type': 'Delete Marker Created' }, { 'version-id': '1QW9g1Z99LUNbvaaYVpW9xDlOLU.qxgF' }), change: removed,
  },
  'EventBridge, a version': { body: eventBridge('Object Deleted', { 'deletion-type': 'Permanently Deleted' }, { 'version-id': 'v' }), change: unclear },
  'EventBridge, a new deletion': { body: eventBridge('Object Deleted', {}), change: unclear },
  'EventBridge, tags': { body: eventBridge('Object Tags Added', {}), change: 'ignored' },
  'EventBridge, another bucket': { body: eventBridge('Object Created', { reason: 'PutObject', bucket: { name: 'other' } }), change: 'ignored' },
  'SNS of S3': { body: sns({ Records: [s3Record] }), change: created },
  'SNS of EventBridge': { body: sns(put), change: created },
  'a function of SNS': { body: ofSns({ Records: [s3Record] }), change: created },
  'a function of SQS': { body: ofSqs({ Records: [s3Record] }), change: created },
  'a function of SQS of SNS': { body: ofSqs(sns({ Records: [s3Record] })), change: created },
  'a function of SQS of SNS of EventBridge': { body: ofSqs(sns(put)), change: created },
  'Pub/Sub with the object': { body: pubSub('OBJECT_FINALIZE', { object: resource }), change: created, source: 'google:storage' },
  'Pub/Sub without it': { body: pubSub('OBJECT_FINALIZE'), change: unclear, source: 'google:storage' },
  'Pub/Sub, composed': {
    body: pubSub('OBJECT_FINALIZE', { object: { ...resource, md5Hash: undefined } }), change: { ...created, entityTag: undefined }, source: 'google:storage',
  },
  'Pub/Sub, deleted': { body: pubSub('OBJECT_DELETE', { object: resource }), change: unclear, source: 'google:storage' },
  'Pub/Sub, overwritten': { body: pubSub('OBJECT_DELETE', { attributes: { overwrittenByGeneration: '2' } }), change: unclear, source: 'google:storage' },
  'Pub/Sub, archived': { body: pubSub('OBJECT_ARCHIVE', { object: resource }), change: unclear, source: 'google:storage' },
  'Pub/Sub, metadata': { body: pubSub('OBJECT_METADATA_UPDATE', { object: resource }), change: 'ignored' },
  'R2, put': { body: r2('PutObject'), change: created, source: 'cloudflare:r2' },
  'R2, copied': { body: r2('CopyObject'), change: created, source: 'cloudflare:r2', isCopy: true },
  'R2, in parts': { body: r2('CompleteMultipartUpload'), change: created, source: 'cloudflare:r2' },
  'R2, deleted': { body: r2('DeleteObject', {}), change: removed, source: 'cloudflare:r2' },
  'R2, expired': { body: r2('LifecycleDeletion', {}), change: removed, source: 'cloudflare:r2' },
  'R2, a new action': { body: r2('AppendObject'), change: unclear, source: 'cloudflare:r2' },
}

for (const [name, { body, change, source = 'aws:s3', isCopy }] of Object.entries(messages)) {
  t.test(`${name} says what it says`, async (t) => {
    const notification = read(body)
    if (change === 'ignored') {
      t.strictSame(notification, { events: [], rejected: [], ignoredCount: 1, foreignCount: 0 })
      return
    }
    t.match(notification, { events: { length: 1 }, rejected: [], ignoredCount: 0, foreignCount: 0 })
    const [{ event, isCopy: isSaidCopy } = { event: undefined }] = notification?.events ?? []
    t.strictSame([event?.objectKey, event?.change, event?.eventSource, isSaidCopy], [KEY, change, source, isCopy])
    t.ok(event?.eventTime)
  })
}

t.test('what is in no known form among others is set aside, and they are read', async (t) => {
  for (const body of [[put, { hello: 'world' }], { Records: [{ Sns: sns({ hello: 'world' }) }, s3Record] }, { Records: [{ eventSource: 'aws:sqs', body: '{' }, s3Record] }]) {
    const notification = read(body)
    t.match(notification, { events: { length: 1 }, rejected: [{ reason: 'record_malformed' }] })
  }
})

t.test('a test message is found however it is wrapped', async (t) => {
  const test = { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'objects' }
  for (const body of [test, sns(test), ofSqs(test), ofSqs(sns(test)), [test]]) {
    t.strictSame(read(body), { events: [], rejected: [], ignoredCount: 0, foreignCount: 0 })
  }
})

t.test('what is wrapped deeper than any transport does is of no known form', async (t) => {
  let body: object = { Records: [s3Record] }
  for (let depth = 0; depth < 1_000; depth++) body = sns(body).Message.length > 100_000 ? { Type: 'Notification', Message: '{}' } : sns(body)
  t.equal(read(body), undefined)
  let list: unknown = s3Record
  for (let depth = 0; depth < 10_000; depth++) list = [list]
  t.equal(read(list), undefined)
})

/** Replaces, removes or adds one value somewhere in a message, or cuts what is text in it. */
const mutated = fc.record({
  message: fc.constantFrom(...Object.values(messages).map(({ body }) => json({ body }))),
  place: fc.nat(),
  value: fc.oneof(
    fc.constantFrom(null, '', 0, -1, 2 ** 60, true, { toString: 1 }, [], {}, 'x', '{', '[]', 'null', '\u0000', '\ud800', `${KEY}/`, KEY, { __proto__: null }),
    fc.jsonValue({ maxDepth: 2 }),
  ),
  isRemoved: fc.boolean(),
}).map(({ message, place, value, isRemoved }) => {
  const { body } = JSON.parse(message)
  const places: Array<[object, string]> = []
  const visit = (node: unknown) => {
    if (typeof node !== 'object' || node === null) return
    for (const [name, part] of Object.entries(node)) {
      places.push([node, name])
      visit(part)
    }
  }
  visit({ body })
  const [node, name] = places[place % places.length] ?? [{}, '']
  if (isRemoved) Reflect.deleteProperty(node, name)
  else Reflect.set(node, name, value)
  return body
})

t.test('however a message is changed, it is read or refused, and its key is one of ours', async () => {
  fc.assert(fc.property(mutated, (body) => {
    const notification = read(body)
    for (const { event } of notification?.events ?? []) {
      if (parseObjectKey(event.objectKey) === undefined) return false
      if (event.change.kind === 'created' && !Number.isSafeInteger(event.change.sizeBytes)) return false
    }
    return true
  }), { numRuns: 10_000 })
})
