import type * as Sqs from '@aws-sdk/client-sqs'
import { describeAwsFailure } from '../errors/aws-failure.js'
import { importOptional } from '../errors/missing-package.js'
import { HeldMessages } from './held-messages.js'
import { CONNECT_TIMEOUT_MS, type EventQueue, type QueueMessage } from './queue.js'

/** A queue of Amazon SQS. */
export interface SqsAddress {
  url: string
  /** The region of a queue whose host does not name one. */
  region: string
}

type SqsPackage = typeof Sqs

// As in sqs.eu-central-1.amazonaws.com, sqs-fips.us-gov-west-1.amazonaws.com and sqs.cn-north-1.amazonaws.com.cn.
const regionInHost = /^sqs(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$/
/** The most that one request receives, removes or extends (Amazon SQS API Reference). */
const REQUEST_MAX_MESSAGES = 10
/** If one request brings as many as it can, this many more are made at once. */
const FURTHER_REQUESTS = 9
const WAIT_SECONDS = 20
/** A queue's own timeout may be 0, which would deliver every message to everyone. */
const VISIBILITY_MIN_SECONDS = 3
const ANSWER_TIMEOUT_MS = (WAIT_SECONDS + 10) * 1000

/**
 * Loads Amazon's client for SQS, and returns a function that opens a queue. Requests are signed with this machine's own
 * credentials, as AWS's chain finds them.
 *
 * @throws {MissingPackageError}
 */
export async function loadSqs (): Promise<(address: SqsAddress) => Promise<EventQueue>> {
  const sqs = await importOptional('@aws-sdk/client-sqs', 'EVENTS_SQS_URL', () => import('@aws-sdk/client-sqs'))
  return async ({ url, region }) => {
    const { hostname, origin } = new URL(url)
    const client = new sqs.SQSClient({
      region: regionInHost.exec(hostname)?.[1] ?? region,
      // If the client would choose another one, as for a VPC endpoint, it would otherwise write a warning at every request.
      endpoint: origin,
      // The loop tries again, for every kind of queue alike.
      maxAttempts: 1,
      requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, requestTimeout: ANSWER_TIMEOUT_MS },
    })
    try {
      const { VisibilityTimeout } = await told(client.send(new sqs.GetQueueAttributesCommand({
        QueueUrl: url, AttributeNames: ['VisibilityTimeout'],
      }))).then(({ Attributes = {} }) => Attributes)
      return new SqsQueue({ sqs, client, url, visibilitySeconds: Math.max(Number(VisibilityTimeout), VISIBILITY_MIN_SECONDS) })
    } catch (error) {
      client.destroy()
      throw error
    }
  }
}

class SqsQueue implements EventQueue {
  readonly extendIntervalMs
  readonly #sqs
  readonly #client
  readonly #url
  readonly #visibilitySeconds
  /** The receipts of the messages held. */
  readonly #held = new HeldMessages<string>()

  constructor ({ sqs, client, url, visibilitySeconds }: {
    sqs: SqsPackage
    client: Sqs.SQSClient
    url: string
    visibilitySeconds: number
  }) {
    this.#sqs = sqs
    this.#client = client
    this.#url = url
    this.#visibilitySeconds = visibilitySeconds
    this.extendIntervalMs = visibilitySeconds * 1000 / 3
  }

  async receive (signal: AbortSignal): Promise<QueueMessage[]> {
    const first = await this.#request(WAIT_SECONDS, signal)
    if (first.length < REQUEST_MAX_MESSAGES) return first
    const further = await Promise.allSettled(Array.from({ length: FURTHER_REQUESTS }, () => this.#request(0, signal)))
    return [...first, ...further.flatMap((request) => request.status === 'fulfilled' ? request.value : [])]
  }

  async acknowledge (messages: readonly QueueMessage[]): Promise<void> {
    await this.#inBatches(this.#held.release(messages), async (Entries) => {
      await this.#client.send(new this.#sqs.DeleteMessageBatchCommand({ QueueUrl: this.#url, Entries }))
    })
  }

  async giveBack (messages: readonly QueueMessage[]): Promise<void> {
    await this.#setVisibility(this.#held.release(messages), 0)
  }

  async extend (): Promise<void> {
    await this.#setVisibility(this.#held.handles, this.#visibilitySeconds)
  }

  async countWaiting (): Promise<number> {
    const command = new this.#sqs.GetQueueAttributesCommand({
      QueueUrl: this.#url, AttributeNames: ['ApproximateNumberOfMessages'],
    })
    const { Attributes } = await told(this.#client.send(command))
    return Number(Attributes?.ApproximateNumberOfMessages)
  }

  async close (): Promise<void> {
    this.#client.destroy()
  }

  async #request (waitSeconds: number, signal: AbortSignal): Promise<QueueMessage[]> {
    if (signal.aborted) return []
    const command = new this.#sqs.ReceiveMessageCommand({
      QueueUrl: this.#url,
      MaxNumberOfMessages: REQUEST_MAX_MESSAGES,
      WaitTimeSeconds: waitSeconds,
      VisibilityTimeout: this.#visibilitySeconds,
      MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
    })
    try {
      const { Messages = [] } = await told(this.#client.send(command, { abortSignal: signal }))
      return Messages.flatMap((received) => this.#hold(received))
    } catch (error) {
      // Messages that were on their way come again once their time is over.
      if (signal.aborted) return []
      throw error
    }
  }

  #hold ({ Body = '', ReceiptHandle, Attributes = {} }: Sqs.Message): QueueMessage[] {
    if (ReceiptHandle === undefined) return []
    const sentMs = Number(Attributes.SentTimestamp)
    const message = {
      body: Buffer.from(Body),
      isRedelivered: Number(Attributes.ApproximateReceiveCount) > 1,
      sentAt: Number.isFinite(sentMs) ? new Date(sentMs) : undefined,
    }
    this.#held.add(message, ReceiptHandle)
    return [message]
  }

  async #setVisibility (receipts: readonly string[], VisibilityTimeout: number): Promise<void> {
    await this.#inBatches(receipts, async (entries) => {
      const Entries = entries.map((entry) => ({ ...entry, VisibilityTimeout }))
      await this.#client.send(new this.#sqs.ChangeMessageVisibilityBatchCommand({ QueueUrl: this.#url, Entries }))
    })
  }

  /** If the queue refuses an entry, that message comes again, which does no harm. */
  async #inBatches (
    receipts: readonly string[], send: (entries: Array<{ Id: string, ReceiptHandle: string }>) => Promise<void>,
  ): Promise<void> {
    const entries = receipts.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }))
    const batches = Array.from({ length: Math.ceil(entries.length / REQUEST_MAX_MESSAGES) }, (_, index) =>
      entries.slice(index * REQUEST_MAX_MESSAGES, (index + 1) * REQUEST_MAX_MESSAGES))
    await told(Promise.all(batches.map(send)))
  }
}

/** The result of a request, or an error that does not quote it: the original may contain a session's token. */
async function told<Result> (request: Promise<Result>): Promise<Result> {
  try {
    return await request
  } catch (error) {
    throw new Error(`Amazon SQS: ${describeAwsFailure(error)}.`)
  }
}
