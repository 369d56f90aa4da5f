/** A message of a queue, as it was given to this service: nobody else has it until it is settled or its time is over. */
export interface QueueMessage {
  body: Buffer
  /** Whether it was given out before, to this service or another, and came back. */
  isRedelivered: boolean
  /** When it was sent; undefined where the queue does not tell. */
  sentAt: Date | undefined
}

/** A queue that is open. If a method throws, it must be opened again, and whatever is not settled comes back. */
export interface EventQueue {
  /** Waits for a batch of messages. There are none after a time that suits the queue, or once the signal is aborted. */
  receive: (signal: AbortSignal) => Promise<QueueMessage[]>
  /** Removes messages from the queue. If the connection breaks meanwhile, they may come again. */
  acknowledge: (messages: readonly QueueMessage[]) => Promise<void>
  /** Gives messages back, to be delivered again at once. */
  giveBack: (messages: readonly QueueMessage[]) => Promise<void>
  /** Extends the time for which everything that is received and not settled is kept. */
  extend: () => Promise<void>
  /** How often that must be done, in milliseconds; undefined where a message is kept for as long as the queue is open. */
  extendIntervalMs: number | undefined
  /** How many messages wait that have not been delivered to anyone, as the queue counts them. */
  countWaiting: () => Promise<number>
  /** Closes it, after reporting what was settled. What was not is delivered again. Never rejects. */
  close: () => Promise<void>
}

/** Opens the queue, or throws where that cannot be done now. */
export type OpenQueue = () => Promise<EventQueue>

/** How many messages a queue that can give many gives at once: half of what the catalogue takes in one batch. */
export const BATCH_MAX_MESSAGES = 500

/** Longest time that connecting to a queue may take. */
export const CONNECT_TIMEOUT_MS = 5_000
