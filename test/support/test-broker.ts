/** A broker with a queue that a service takes notifications from. */
export interface TestBroker {
  channel: 'sqs' | 'amqp' | 'nats'
  /** What the service needs to be told. */
  environment: Record<string, string>
  /** Resolves once the broker has the messages for good. */
  publish: (bodies: ReadonlyArray<string | Uint8Array>) => Promise<void>
  /** How many messages are in the queue; where it tells, with those that somebody has and has not acknowledged. */
  countUnacknowledged: () => Promise<number>
  stop: () => Promise<void>
  /** Ends it as a crash would, if it runs, and starts it again with what it had stored. */
  restart: () => Promise<void>
}

const LOOK_INTERVAL_MS = 100

/** Resolves once nothing is left in the queue. While the broker cannot be asked, it is asked again. */
export async function untilEmpty ({ countUnacknowledged }: TestBroker): Promise<void> {
  await until(async () => await countUnacknowledged() === 0)
}

/** Resolves once a condition holds that nothing tells of: it is asked again and again, and one that throws does not hold. */
export async function until (condition: () => Promise<boolean>): Promise<void> {
  while (!await condition().catch(() => false)) await new Promise((resolve) => { setTimeout(resolve, LOOK_INTERVAL_MS) })
}
