import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type Server, createServer } from 'node:http'
import { Readable } from 'node:stream'
import { NotificationConfig, TopicConfig } from 'minio'
import t from 'tap'
import { request } from 'undici'
import { auditSums } from '../../db/audit.js'
import { mintObjectKey } from '../../objects/object-key.js'
import type { SigningTarget } from '../../objects/presigning.js'
import { SIGNATURE_ALGORITHM, deriveSigningKey, formatScope, formatTimestamp, listSignedHeaders, sign } from '../../objects/signature-v4.js'
import { admin, member, runId, startService, workflowId } from '../service.js'
import { storeKinds } from '../stores.js'

const EVENTS_TOKEN = 'the-token-for-events-of-this-test'
const PART_BYTES = 5 * 1024 * 1024

/** Makes a topic that posts to an address (Ceph, "Bucket Notifications", CreateTopic); undefined where the store has none. */
async function createTopic (target: SigningTarget, name: string, pushEndpoint: string): Promise<string | undefined> {
  const body = new URLSearchParams({
    Action: 'CreateTopic',
    Name: name,
    'Attributes.entry.1.key': 'push-endpoint',
    'Attributes.entry.1.value': pushEndpoint,
    Version: '2010-03-31',
  }).toString()
  const timestamp = formatTimestamp(new Date())
  const scope = { date: timestamp.slice(0, 8), region: target.region }
  const payloadHash = createHash('sha256').update(body).digest('hex')
  const headers = [
    ['content-type', 'application/x-www-form-urlencoded'], ['host', new URL(target.endpoint).host],
    ['x-amz-content-sha256', payloadHash], ['x-amz-date', timestamp],
  ] as const
  const signature = sign(
    { method: 'POST', path: '/', query: [], headers, payloadHash }, deriveSigningKey(target.secretKey, scope), scope, timestamp)
  const answer = await request(target.endpoint, {
    method: 'POST',
    headers: {
      ...Object.fromEntries(headers),
      authorization: `${SIGNATURE_ALGORITHM} Credential=${target.accessKey}/${formatScope(scope)}, ` +
        `SignedHeaders=${listSignedHeaders(headers)}, Signature=${signature}`,
    },
    body,
  })
  return /<TopicArn>(arn:[^<]+)<\/TopicArn>/.exec(await answer.body.text())?.[1]
}

/** Passes notifications on with the token, which RGW cannot send; counts those that were answered with 200. */
async function startTokenProxy () {
  let target = ''
  let deliveredCount = 0
  const server: Server = createServer((message, response) => {
    request(target, {
      method: 'POST',
      headers: { authorization: `Bearer ${EVENTS_TOKEN}`, 'content-type': message.headers['content-type'] ?? 'application/json' },
      body: message,
    }).then(async ({ statusCode, body }) => {
      await body.dump()
      if (statusCode === 200) deliveredCount++
      response.writeHead(statusCode).end()
    }, () => { response.writeHead(502).end() })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.')
  return {
    url: `http://127.0.0.1:${address.port}`,
    forwardTo: (url: string) => { target = url },
    delivered: () => deliveredCount,
    close: () => { server.close() },
  }
}

const realStore = storeKinds.find(({ name }) => name === 'real S3')
t.test('a real Ceph RGW\'s own notifications', { skip: realStore?.skip ?? true }, async (t) => {
  if (realStore === undefined) return
  const environment = { ...realStore.environment(), EVENTS_TOKEN }
  t.teardown(async () => { await realStore.remove(environment) })
  const { app, authorise, putFile } = await startService(t, environment)
  const { storeTarget, minio } = app
  const proxy = await startTokenProxy()
  t.teardown(proxy.close)
  proxy.forwardTo(`${await app.listen({ host: '127.0.0.1', port: 0 })}/api/v1/objects/events`)

  const topic = await createTopic(storeTarget, storeTarget.bucket, proxy.url)
  if (topic === undefined) return t.comment('the store has no topics of Ceph RGW\'s kind')
  const configuration = new NotificationConfig()
  const toTopic = new TopicConfig(topic)
  toTopic.setId('events')
  toTopic.addEvent('s3:ObjectCreated:*')
  toTopic.addEvent('s3:ObjectRemoved:*')
  configuration.add(toTopic)
  await minio.setBucketNotification(storeTarget.bucket, configuration)

  const usage = async () => {
    const { totalBytes, fileCount } = (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(admin) })).json()
    return { totalBytes, fileCount }
  }
  // This topic is not persistent: RGW has delivered a notification before it answers the request that it is of.
  const names = ['plain.txt', 'with spaces.txt', 'a+b.txt', '100%.txt', '%41.txt', 'Übersicht 報告 🎉.txt']
  const keys: string[] = []

  t.test('files of any name are counted when they are put', async (t) => {
    for (const [index, fileName] of names.entries()) {
      keys.push(await putFile('x'.repeat(100), { fileName }))
      t.strictSame(await usage(), { totalBytes: 100 * (index + 1), fileCount: index + 1 }, fileName)
    }
    t.ok(proxy.delivered() >= names.length)
  })

  t.test('overwritten ones are counted with their new size', async (t) => {
    for (const objectKey of keys) await putFile('x'.repeat(7), { objectKey })
    t.strictSame(await usage(), { totalBytes: 7 * names.length, fileCount: names.length })
    await putFile('', { objectKey: keys[0] ?? '' })
    t.strictSame(await usage(), { totalBytes: 7 * (names.length - 1), fileCount: names.length })
  })

  t.test('a multipart upload is counted whole', async (t) => {
    const before = await usage()
    const objectKey = mintObjectKey({
      orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction: 'inputs', fileName: 'big file +1.bin',
    })
    const parts = [Buffer.alloc(PART_BYTES), Buffer.alloc(PART_BYTES), Buffer.alloc(1)]
    await minio.putObject(storeTarget.bucket, objectKey, Readable.from(parts))
    t.strictSame(await usage(), { totalBytes: before.totalBytes + 2 * PART_BYTES + 1, fileCount: before.fileCount + 1 })
    keys.push(objectKey)
  })

  t.test('removed ones are not counted any more', async (t) => {
    for (const objectKey of keys) await minio.removeObject(storeTarget.bucket, objectKey)
    t.strictSame(await usage(), { totalBytes: 0, fileCount: 0 })
  })

  t.test('the kept sums are the sums over the rows, and nothing was set aside', async (t) => {
    t.strictSame(await auditSums(app.database), [])
    t.strictSame(await app.database.selectFrom('set_aside_events').selectAll().execute(), [])
  })
})
