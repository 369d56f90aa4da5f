import t from 'tap'
import { mintObjectKey } from '../../../objects/object-key.js'
import { topicArn } from '../../support/amazon-sns.js'
import { bucketRecord } from '../../support/bucket-records.js'
import { eventsToken, everyDoor } from '../../support/event-doors.js'
import { motoSkip, startMotoServer } from '../../support/moto-server.js'
import { member, runId, startService, workflowId } from '../../support/service.js'

/*
 * Amazon SNS as simulated by moto (PyPI): it signs like SNS, with version 2, and a new certificate for each message. It does
 * not ask for confirmation, and does not sign the subject, so nothing is published with one here.
 */

// moto finds out from the scope which service and region are meant, and verifies nothing.
const authorization = 'AWS4-HMAC-SHA256 Credential=a/20260101/eu-central-1/sns/aws4_request, SignedHeaders=host, Signature=b'

/** Sends a request of SNS's API to moto. */
async function ask (origin: string, parameters: Record<string, string>): Promise<string> {
  const answer = await fetch(origin, {
    method: 'POST', headers: { authorization }, body: new URLSearchParams({ Version: '2010-03-31', ...parameters }),
  })
  if (!answer.ok) throw new Error(`moto answers with status ${answer.status}.`)
  return await answer.text()
}

t.test('what is published to a topic of moto\'s SNS is counted, by its signature and by a token in the path', { skip: motoSkip }, async (t) => {
  const moto = await startMotoServer(t)
  if (moto === undefined) {
    t.pass('pip does not install moto here', { skip: true })
    return
  }
  const fetched: string[] = []
  const { app, authorise } = await startService(t, everyDoor, {
    fetchText: async (url) => {
      fetched.push(url)
      const answer = await fetch(new URL(new URL(url).pathname, moto.origin), { headers: { authorization } })
      return { statusCode: answer.status, text: await answer.text() }
    },
  })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  t.match(await ask(moto.origin, { Action: 'CreateTopic', Name: 'objects' }), topicArn)
  const subscribe = async (path: string) => await ask(moto.origin, {
    Action: 'Subscribe', TopicArn: topicArn, Protocol: 'http', Endpoint: `${origin}/api/v1/objects/events/${path}`,
  })
  const publish = async (name: string, sizeBytes: number) => {
    const objectKey = mintObjectKey({ orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path: name })
    const Message = JSON.stringify({ Records: [bucketRecord(objectKey, { bucket: 'objects', sizeBytes })] })
    await ask(moto.origin, { Action: 'Publish', TopicArn: topicArn, Message })
  }
  const usage = async () => (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(member) })).json()

  await subscribe('sns')
  await publish('signed.txt', 5)
  t.match(await usage(), { totalBytes: 5, fileCount: 1 })
  t.equal(fetched.length, 1)
  await subscribe(`t/${eventsToken}`)
  await publish('both.txt', 7)
  t.match(await usage(), { totalBytes: 12, fileCount: 2 }, 'what comes by both doors is counted once')
  const { body } = await app.inject('/metrics')
  t.match(body, /objects_storage_event_lateness_seconds_count\{channel="sns"\} 2\n/)
  t.match(body, /objects_storage_event_lateness_seconds_count\{channel="http"\} 1\n/)
})
