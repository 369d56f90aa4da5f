import {
  CreateQueueCommand, GetQueueAttributesCommand, SQSClient, SendMessageBatchCommand,
} from '@aws-sdk/client-sqs'
import type { Test } from 'tap'
import { startMotoServer } from './moto-server.js'
import type { TestBroker } from './test-broker.js'

/** The region of the tests' stores, which the service uses if a queue's address does not name one. */
const REGION = 'us-east-1'
const BATCH = 10
/** After this, messages that a killed service held are delivered again. */
const VISIBILITY_SECONDS = 10

/**
 * Starts moto's server with a queue like those of Amazon SQS.
 *
 * @returns undefined if it cannot be installed
 */
export async function startMotoQueue (t: Pick<Test, 'teardown'>): Promise<TestBroker | undefined> {
  const server = await startMotoServer(t)
  if (server === undefined) return undefined
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const client = new SQSClient({ region: REGION, endpoint: server.origin, credentials })
  const { QueueUrl } = await client.send(new CreateQueueCommand({
    QueueName: 'objects', Attributes: { VisibilityTimeout: String(VISIBILITY_SECONDS) },
  }))
  return {
    channel: 'sqs',
    environment: {
      EVENTS_SQS_URL: QueueUrl ?? '', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test',
    },
    publish: async (bodies) => {
      for (let from = 0; from < bodies.length; from += BATCH) {
        const Entries = bodies.slice(from, from + BATCH).map((body, index) => ({
          Id: String(index), MessageBody: Buffer.from(body).toString(),
        }))
        await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
      }
    },
    countUnacknowledged: async () => {
      const { Attributes = {} } = await client.send(new GetQueueAttributesCommand({
        QueueUrl, AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
      }))
      return Number(Attributes.ApproximateNumberOfMessages) + Number(Attributes.ApproximateNumberOfMessagesNotVisible)
    },
    stop: server.kill,
    restart: () => Promise.reject(new Error('What moto knows ends with it.')),
  }
}
