import { Client } from 'minio'
import t from 'tap'
import { auditSums } from '../../../db/usage/audit.js'
import { mintObjectKey } from '../../../objects/object-key.js'
import { startMotoQueue } from '../../support/moto-queue.js'
import { motoSkip } from '../../support/moto-server.js'
import { admin, member, runId, startService, workflowId } from '../../support/service.js'
import { untilEmpty } from '../../support/test-broker.js'

/*
 * S3, EventBridge and SQS as far as moto (PyPI) simulates them: it writes the time as a number, so that the bucket is asked
 * about each event, and sends each event twice.
 */

const bucket = 'objects'
const account = { accessKey: 'test', secretKey: 'test' }
const signed = (service: string) =>
  `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=b`

t.test('files put into S3 are counted by way of EventBridge and a queue', { skip: motoSkip }, async (t) => {
  const broker = await startMotoQueue(t)
  if (broker === undefined) {
    t.pass('pip does not install moto here', { skip: true })
    return
  }
  const { origin, hostname, port } = new URL(broker.environment.EVENTS_SQS_URL ?? '')
  const events = async (operation: string, input: object) => {
    const answer = await fetch(origin, {
      method: 'POST',
      headers: { authorization: signed('events'), 'x-amz-target': `AWSEvents.${operation}`, 'content-type': 'application/x-amz-json-1.1' },
      body: JSON.stringify(input),
    })
    if (!answer.ok) throw new Error(`moto answers ${operation} with status ${answer.status}.`)
  }
  const store = new Client({
    endPoint: hostname, port: Number(port), useSSL: false, region: 'us-east-1', pathStyle: true, ...account,
  })
  await store.makeBucket(bucket)
  const configured = await fetch(`${origin}/${bucket}?notification`, {
    method: 'PUT',
    headers: { authorization: signed('s3') },
    body: '<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>',
  })
  t.equal(configured.status, 200)
  const pattern = { source: ['aws.s3'], detail: { bucket: { name: [bucket] } } }
  await events('PutRule', { Name: 'objects', EventPattern: JSON.stringify(pattern) })
  await events('PutTargets', {
    Rule: 'objects', Targets: [{ Id: 'queue', Arn: 'arn:aws:sqs:us-east-1:123456789012:objects' }],
  })

  for (const [name, value] of Object.entries(broker.environment)) {
    if (!name.startsWith('AWS_')) continue
    const before = process.env[name]
    process.env[name] = value
    t.teardown(() => {
      if (before === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = before
    })
  }
  const { app, authorise } = await startService(t, {
    ...broker.environment,
    S3_ENDPOINT: origin,
    S3_BUCKET: bucket,
    S3_ACCESS_KEY: account.accessKey,
    S3_SECRET_KEY: account.secretKey,
  })
  const keyOf = (path: string) =>
    mintObjectKey({ orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction: 'outputs', path })
  const usage = async () => {
    const { totalBytes, fileCount } = (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(admin) })).json()
    return [totalBytes, fileCount]
  }

  // Before the service takes any: moto may lose a message that is added while others are deleted.
  const keys = Array.from({ length: 20 }, (_, index) => keyOf(`plots/a b+c%${index}.png`))
  await Promise.all(keys.map(async (key, index) => await store.putObject(bucket, key, Buffer.alloc(index + 1))))
  await Promise.all(keys.slice(0, 10).map(async (key) => await store.putObject(bucket, key, Buffer.alloc(100))))
  t.strictSame(await usage(), [0, 0])
  await app.listen({ host: '127.0.0.1', port: 0 })
  await untilEmpty(broker)
  t.strictSame(await usage(), [1_155, 20])
  t.strictSame(await auditSums(app.database), [])
  const { body } = await app.inject('/metrics')
  t.match(body, /^objects_storage_event_queue_messages_total\{channel="sqs",outcome="committed"\} [1-9]/m)
  t.notMatch(body, /^objects_storage_event_queue_messages_total\{channel="sqs",outcome="set_aside"\} [1-9]/m)
})
