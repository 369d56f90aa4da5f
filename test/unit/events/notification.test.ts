import { readFileSync } from 'node:fs'
import t from 'tap'
import { type BucketEvent, type BucketNotification, createNotificationReader } from '../../../events/notification.js'

const prefix = 'acme/workflows/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10/runs/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a11/users/' +
  '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a12/inputs/AAAAAAAAAAAAAAAAAAAAAA/'
const awkwardName = 'a b+c%20é&.txt'
const awkwardPath = `plots/2026 %2F/${awkwardName}`
const readers = {
  aws: createNotificationReader({ bucket: 'objects', isAmazonS3: true }),
  minio: createNotificationReader({ bucket: 'objects', isAmazonS3: false }),
  ceph: createNotificationReader({ bucket: 'objects', isAmazonS3: false }),
}

function fixture (vendor: string): Map<string, unknown> {
  const text = readFileSync(new URL(`../../fixtures/notifications-${vendor}.json`, import.meta.url), 'utf8')
  const bodies: unknown = JSON.parse(text)
  return new Map(Object.entries(bodies ?? {}))
}

/** @throws if the body has no known form */
function read (body: unknown, reader = readers.aws): BucketNotification {
  const notification = reader(body)
  if (notification === undefined) throw new Error('no notification')
  return notification
}

/** One record in Amazon's form, with some fields changed; undefined removes a field. */
function record (object: object = {}, rest: object = {}): object {
  return {
    eventSource: 'aws:s3',
    eventTime: '2026-11-24T10:27:54.147Z',
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: 'objects' }, object: { key: `${prefix}f`, size: 5, sequencer: '0A', ...object } },
    ...rest,
  }
}

function readOne (body: unknown, reader = readers.aws): BucketEvent {
  const { events: [first] } = read(body, reader)
  if (first === undefined) throw new Error('no event')
  return first.event
}

const created = (sizeBytes: number, entityTag: string) => ({ kind: 'created', sizeBytes, entityTag })
const removed = { kind: 'removed' }
const unclear = { kind: 'unclear' }
const five = created(5, '5d41402abc4b2a76b9719d911017c592')
const empty = created(0, 'd41d8cd98f00b204e9800998ecf8427e')
const multipart = created(6_000_000, '2c881cdc5124c9a2f20ded4f74912bfe-1')

const expectations: Record<keyof typeof readers, Record<string, object | 'ignored'>> = {
  aws: {
    put: five,
    'put in folders': five,
    'put empty': empty,
    'complete multipart upload': multipart,
    delete: removed,
    'delete into marker': removed,
    'delete version for good': unclear,
    expire: removed,
    'expire into marker': removed,
    tag: 'ignored',
    'change access': 'ignored',
    restore: 'ignored',
  },
  minio: {
    put: five,
    'put in folders': five,
    'put empty': empty,
    copy: five,
    'complete multipart upload': multipart,
    delete: removed,
    'delete into marker': removed,
    'delete version for good': unclear,
    'delete all versions': unclear,
    'delete nothing': 'ignored',
    tag: 'ignored',
    read: 'ignored',
  },
  ceph: {
    put: five,
    'put in folders': five,
    'put empty': empty,
    overwrite: created(9, '69a31b2179b7c830e442d87a718fbbad'),
    copy: created(9, '69a31b2179b7c830e442d87a718fbbad'),
    delete: removed,
    'delete missing': removed,
    'complete multipart upload': multipart,
    'put version': created(3, 'f97c5d29941bfb1b2fdab0874906ab82'),
    'put second version': created(6, 'c29061571064e796be195d4b9b99bc8b'),
    'delete into marker': removed,
    'delete marker for good': unclear,
    'delete current version for good': unclear,
    'put while suspended': created(3, 'f97c5d29941bfb1b2fdab0874906ab82'),
    'delete while suspended': removed,
  },
}

for (const vendor of ['aws', 'minio', 'ceph'] as const) {
  const [reader, expected] = [readers[vendor], expectations[vendor]]
  t.test(`notifications of ${vendor} say what they say`, async (t) => {
    const bodies = fixture(vendor)
    for (const [name, change] of Object.entries(expected)) {
      const { events, ignoredCount, foreignCount, rejected } = read(bodies.get(name), reader)
      if (change === 'ignored') t.strictSame({ events, ignoredCount }, { events: [], ignoredCount: 1 }, name)
      else t.strictSame(events.map(({ event }) => event.change), [change], name)
      t.strictSame({ foreignCount, rejected }, { foreignCount: 0, rejected: [] }, `${name}: nothing else`)
    }
  })

  t.test(`keys of ${vendor} are decoded exactly once`, async (t) => {
    t.equal(readOne(fixture(vendor).get('put'), reader).objectKey, prefix + awkwardName)
    const { objectKey, parts } = readOne(fixture(vendor).get('put in folders'), reader)
    t.strictSame([objectKey, parts.path], [prefix + awkwardPath, awkwardPath])
  })

  t.test(`a notification of ${vendor} is of no interest where the bucket is another`, async (t) => {
    const { events, ignoredCount } = read(fixture(vendor).get('put'), createNotificationReader({ bucket: 'other', isAmazonS3: false }))
    t.strictSame({ events, ignoredCount }, { events: [], ignoredCount: 1 })
  })
}

t.test('everything that ordering needs is read', async (t) => {
  const event = readOne({ Records: [record({ versionId: 'v1', sequencer: '0055AED6DCD90281E5', eTag: '"abc"' })] })
  t.strictSame(event, {
    objectKey: `${prefix}f`,
    parts: {
      orgKey: 'acme',
      workflowId: '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10',
      runId: '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a11',
      createdBy: '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a12',
      direction: 'inputs',
      token: 'AAAAAAAAAAAAAAAAAAAAAA',
      path: 'f',
    },
    change: { kind: 'created', sizeBytes: 5, entityTag: 'abc' },
    eventSource: 'aws:s3',
    eventTime: new Date('2026-11-24T10:27:54.147Z'),
    sequencer: '0055AED6DCD90281E5',
    versionId: 'v1',
  })
})

t.test('an identifier that is null or empty counts as absent', async (t) => {
  for (const none of [null, '']) {
    const event = readOne({ Records: [record({ versionId: none, sequencer: none, eTag: none })] })
    t.strictSame([event.versionId, event.sequencer, event.change], [undefined, undefined, { ...five, entityTag: undefined }])
  }
})

t.test('a record without a usable key is rejected with its reason, and the others are read', async (t) => {
  const cases: Array<[string, unknown]> = [
    ['record_malformed', null],
    ['record_malformed', 'text'],
    ['record_malformed', []],
    ['record_malformed', {}],
    ['record_malformed', record({}, { s3: null })],
    ['key_malformed', record({}, { s3: {} })],
    ['key_malformed', record({ key: undefined })],
    ['key_malformed', record({ key: 7 })],
    ['key_malformed', record({ key: '' })],
    ['key_malformed', record({ key: `${prefix}%` })],
    ['key_malformed', record({ key: `${prefix}%ff` })],
  ]
  for (const [reason, bad] of cases) {
    const { events, rejected } = read({ Records: [record(), bad, record({}, { eventName: 'ObjectRemoved:Delete' })] })
    t.strictSame(rejected, [{ reason, record: bad }])
    t.strictSame(events.map(({ event }) => event.change.kind), ['created', 'removed'])
  }
})

t.test('a record of which only the key can be used leaves the rest to the bucket', async (t) => {
  const cases: Array<[string, object]> = [
    ['a negative size', record({ size: -1 })],
    ['half a byte', record({ size: 1.5 })],
    ['a size that is text', record({ size: '10' })],
    ['a size beyond what JSON holds exactly', record({ size: 2 ** 53 })],
    ['a size that is none', record({ size: null })],
    ['a tag with other characters', record({ eTag: 'ä' })],
    ['a tag that is a number', record({ eTag: 7 })],
    ['a tag without end', record({ eTag: 'a'.repeat(257) })],
    ['a deleted version that is a number', record({ versionId: 7 }, { eventName: 'ObjectRemoved:Delete' })],
    ['a deleted version without end', record({ versionId: 'v'.repeat(1025) }, { eventName: 'ObjectRemoved:Delete' })],
    ['no kind', record({}, { eventName: undefined })],
    ['a kind that is a number', record({}, { eventName: 7 })],
  ]
  for (const [name, candidate] of cases) t.match(readOne({ Records: [candidate] }), { objectKey: `${prefix}f`, change: unclear }, name)
})

t.test('what serves only to order events is left out where it cannot be read', async (t) => {
  for (const sequencer of ['A\u0000', 7, 'A'.repeat(65), 'a b']) {
    t.match(readOne({ Records: [record({ sequencer })] }), { change: { kind: 'created' }, sequencer: undefined })
  }
  for (const eventTime of ['0.000000', 'yesterday', 1795516101, undefined]) {
    t.match(readOne({ Records: [record({}, { eventTime })] }), { change: { kind: 'created' }, eventTime: undefined })
  }
  for (const eventSource of ['', undefined, 7, 'a b']) {
    t.match(readOne({ Records: [record({}, { eventSource })] }), { change: { kind: 'created' }, eventSource: 'unknown' })
  }
})

t.test('a record that does not name its bucket is of this one', async (t) => {
  t.match(readOne({ Records: [record({}, { s3: { object: { key: `${prefix}f`, size: 5 } } })] }), { change: { kind: 'created' } })
})

t.test('of a store that may encode its keys or not, a key that could be either is asked about as both', async (t) => {
  const kinds = (body: object, reader = readers.minio) =>
    read(body, reader).events.map(({ event }) => [event.objectKey.slice(prefix.length), event.change.kind])
  const versitygw = (name: string) => ({ Records: [record({ key: prefix + name })] })
  t.strictSame(kinds(versitygw('a b.txt')), [['a b.txt', 'created']])
  t.strictSame(kinds(versitygw('a+b.txt')), [['a b.txt', 'unclear'], ['a+b.txt', 'unclear']])
  t.strictSame(kinds(versitygw('a%20b.txt')), [['a b.txt', 'unclear'], ['a%20b.txt', 'unclear']])
  t.strictSame(kinds(versitygw('a%2Fb.txt')), [['a/b.txt', 'unclear'], ['a%2Fb.txt', 'unclear']])
  t.strictSame(kinds(versitygw('a%2F..%2Fb.txt')), [['a%2F..%2Fb.txt', 'unclear']], 'the other is none of ours')
  t.strictSame(kinds(versitygw('100%')), [['100%', 'created']], 'it cannot be encoded')
  t.strictSame(kinds({ Records: [record({ key: encodeURIComponent(`${prefix}a b`) })] }), [['a b', 'created']], 'it must be encoded')
  t.strictSame(kinds(versitygw('a+b.txt'), readers.aws), [['a b.txt', 'created']], 'of Amazon it is known')
  const unheard = { Records: [record({ key: `${prefix}a+b` }, { eventSource: 'unheard:s3' })] }
  t.strictSame(kinds(unheard, readers.aws), [['a b', 'unclear'], ['a+b', 'unclear']])
})

t.test('a key with bytes that were no UTF-8 is left to the bucket', async (t) => {
  t.strictSame(readOne({ Records: [record({ key: `${prefix}caf\ufffd` }, { eventSource: 'ceph:s3' })] }).change, unclear)
})

t.test('a body of no known form is not a notification', async (t) => {
  const subscription = { Type: 'SubscriptionConfirmation', TopicArn: 'arn:aws:sns:eu-central-1:1:t', Token: 't', Message: 'You have …' }
  const forms = [
    undefined, null, 'not JSON', 7, true, [], [[]], [7, {}], {}, { Records: 'none' }, { Records: { 0: record() } }, { Event: 's3:Unheard' },
    { Event: 's3:TestEvent', Records: 'x' }, { EventName: 's3:ObjectCreated:Put', Key: `objects/${prefix}f` }, subscription,
    { Type: 'Notification', Message: 'Hello' }, { Type: 'Notification', Message: '{}' }, { 'detail-type': 'Object Created', source: 'aws.ec2' },
    { message: { data: 'e30=' } }, { action: 'PutObject', object: { key: 'k' } },
  ]
  for (const body of forms) t.equal(readers.aws(body), undefined)
})

t.test('a test message has no content and is not an error, whoever sends it', async (t) => {
  const nothing = { events: [], rejected: [], ignoredCount: 0, foreignCount: 0 }
  t.strictSame(read(fixture('aws').get('test')), nothing)
  t.strictSame(read({ Service: 'S3', Event: 's3:TestEvent', Time: '2026-11-24T10:27:50+01:00', Bucket: 'Test-Bucket' }), nothing)
  t.strictSame(read({ Records: [] }), nothing)
})

t.test('a record that is not of our concern may be malformed otherwise', async (t) => {
  const other = { eventName: 'ObjectTagging:Put', s3: { bucket: { name: 'objects' }, object: { size: -1 } } }
  t.strictSame(read({ Records: [other] }), { events: [], rejected: [], ignoredCount: 1, foreignCount: 0 })
})

t.test('a key that is not of this service\'s form is foreign: neither applied nor an error', async (t) => {
  for (const key of ['backup.tar', `${prefix}a//b`, `${prefix}a/../b`, `${prefix}a/`, prefix + 'x'.repeat(256), `${prefix}%0A`]) {
    t.match(read({ Records: [record({ key })] }), { events: [], rejected: [], foreignCount: 1 })
  }
})

t.test('a copy is told from what was sent', async (t) => {
  const copies = (eventName: string) => read({ Records: [record({}, { eventName })] }).events.map(({ isCopy }) => isCopy)
  t.strictSame(copies('s3:ObjectCreated:Copy'), [true])
  t.strictSame(copies('s3:ObjectCreated:Put'), [undefined])
})

t.test('the greatest size that JSON holds exactly is read', async (t) => {
  t.match(readOne({ Records: [record({ size: 2 ** 53 - 1 })] }).change, { sizeBytes: 2 ** 53 - 1 })
})

t.test('what an event leaves open is left to the bucket', async (t) => {
  const cases: Array<[string, object, object?]> = [
    ['a created file without a size', record({ size: undefined })],
    ['a size of 0 with the tag of a file that is not empty', record({ size: 0, eTag: 'abc' })],
    ['a creation of a new kind', record({}, { eventName: 's3:ObjectCreated:Append' })],
    ['a removal of a new kind', record({}, { eventName: 's3:ObjectRemoved:Purge' })],
    ['an expiry without a kind', record({}, { eventName: 's3:LifecycleExpiration' })],
    ['Ceph\'s expiry', record({}, { eventName: 's3:ObjectLifecycle:Expiration:Current' })],
    ['a copy that another of Ceph\'s zones sent', record({}, { eventName: 's3:ObjectSynced:Create' })],
    ['one that it sent under its new name', record({}, { eventName: 's3:Replication:Create' })],
    ['an expiry of a version', record({ versionId: 'v' }, { eventName: 's3:LifecycleExpiration:Delete' })],
  ]
  for (const [name, candidate] of cases) t.strictSame(readOne({ Records: [candidate] }).change, unclear, name)
})

t.test('of a shared bucket, keys below the prefix are read without it, and others are foreign', async (t) => {
  const shared = (isAmazonS3: boolean) => createNotificationReader({ bucket: 'objects', isAmazonS3, keyPrefix: 'a.b/c/' })
  const own = `${prefix}${awkwardName}`
  const encoded = encodeURIComponent(`a.b/c/${own}`).replaceAll('%20', '+')
  t.equal(readOne({ Records: [record({ key: encoded })] }, shared(true)).objectKey, own)
  t.equal(readOne({ Records: [record({ key: `a.b/c/${own}` }, { eventSource: 'ceph:s3' })] }, shared(false)).objectKey, own)
  // If it cannot be determined whether a key is encoded, it may be either.
  const either = read({ Records: [record({ key: `a.b/c/${prefix}a+b` }, { eventSource: 'other:s3' })] }, shared(false))
  t.strictSame(either.events.map(({ event }) => event.objectKey), [`${prefix}a b`, `${prefix}a+b`])
  for (const key of [own, `a.b/${own}`, `a.b/cc/${own}`, `aXb/c/${own}`, 'a.b/c/', `x/a.b/c/${own}`]) {
    const { events, foreignCount } = read({ Records: [record({ key: encodeURIComponent(key) })] }, shared(true))
    t.strictSame([events.length, foreignCount], [0, 1], key)
  }
})
