import { text } from 'node:stream/consumers'
import { NotificationConfig, TopicConfig } from 'minio'
import t from 'tap'
import { mintObjectKey } from '../../../objects/object-key.js'
import { rabbitMqSkip, startRabbitMq } from '../../support/rabbitmq.js'
import { member, runId, startService, workflowId } from '../../support/service.js'
import { storeKinds } from '../../support/stores.js'
import { until } from '../../support/test-broker.js'

const EXCHANGE = 'objects'
const real = storeKinds.find(({ name }) => name === 'real S3')
const mint = (path: string) =>
  mintObjectKey({ orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path })

t.test('Ceph RGW tells RabbitMQ, and RabbitMQ the service', { skip: rabbitMqSkip || (real?.skip ?? 'there is no real store') }, async (t) => {
  const broker = await startRabbitMq(t)
  await broker.bindTopic(EXCHANGE)
  const environment = real?.environment() ?? {}
  t.teardown(() => real?.remove(environment))
  const { app, authorise } = await startService(t, { ...environment, ...broker.environment })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { minio, storeTarget: { bucket, region } } = app
  const parameters = new URLSearchParams({ Action: 'CreateTopic', Name: bucket })
  const attributes = {
    // Over plain HTTP it accepts no password, and then uses guest's.
    'push-endpoint': `amqp://${broker.address}`,
    'amqp-exchange': EXCHANGE,
    'amqp-ack-level': 'broker',
  }
  for (const [index, [name, value]] of Object.entries(attributes).entries()) {
    parameters.set(`Attributes.entry.${index + 1}.key`, name)
    parameters.set(`Attributes.entry.${index + 1}.value`, value)
  }
  const answer = await text(await minio.makeRequestAsync({
    method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' },
  }, parameters.toString(), [200, 400, 403, 404, 405, 501], region))
  const arn = /<TopicArn>([^<]+)<\/TopicArn>/.exec(answer)?.[1]
  if (arn === undefined) {
    t.pass('the store makes no topic of this kind', { skip: /<Code>([^<]+)/.exec(answer)?.[1] ?? true })
    return
  }
  const topic = new TopicConfig(arn)
  topic.setId('usage')
  for (const kind of ['s3:ObjectCreated:*', 's3:ObjectRemoved:*']) topic.addEvent(kind)
  const configuration = new NotificationConfig()
  configuration.add(topic)
  await minio.setBucketNotification(bucket, configuration)
  const usage = async () => {
    const response = await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(member) })
    const { totalBytes, fileCount } = response.json()
    return `${totalBytes} bytes in ${fileCount} files`
  }
  const becomes = async (wanted: string) => {
    await until(async () => await usage() === wanted)
    t.pass(wanted)
  }

  await minio.putObject(bucket, mint('plots/a b+c%20é.txt'), Buffer.alloc(10))
  await becomes('10 bytes in 1 files')
  const key = mint('b.txt')
  for (const size of [25, 4]) await minio.putObject(bucket, key, Buffer.alloc(size))
  await becomes('14 bytes in 2 files')
  await minio.removeObject(bucket, key)
  await becomes('10 bytes in 1 files')
})
