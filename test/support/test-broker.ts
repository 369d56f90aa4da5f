/** A broker with a queue from which a service takes notifications. */
export interface TestBroker {
  channel: 'sqs' | 'amqp' | 'nats'
  /** The settings that the service needs. */
  environment: Record<string, string>
  /** Resolves once the broker has stored the messages durably. */
  publish: (bodies: ReadonlyArray<string | Uint8Array>) => Promise<void>
  /** How many messages are in the queue, if possible including those that are delivered but not acknowledged. */
  countUnacknowledged: () => Promise<number>
  stop: () => Promise<void>
  /** Kills the broker like a crash, if it runs, and starts it again with what it had stored. */
  restart: () => Promise<void>
}

const LOOK_INTERVAL_MS = 100

/** Resolves once nothing is left in the queue; asks again while the broker does not answer. */
export async function untilEmpty ({ countUnacknowledged }: TestBroker): Promise<void> {
  await until(async () => await countUnacknowledged() === 0)
}

/** Resolves once a condition is true for which there is no event: checks it repeatedly, and an error counts as false. */
export async function until (condition: () => Promise<boolean>): Promise<void> {
  while (!await condition().catch(() => false)) await new Promise((resolve) => { setTimeout(resolve, LOOK_INTERVAL_MS) })
}
