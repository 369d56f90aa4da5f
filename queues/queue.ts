/** A message that a queue has delivered to this service: nobody else gets it until it is settled or its time is over. */
export interface QueueMessage {
  body: Buffer
  /** Whether it was delivered before, to this service or another, and came back. */
  isRedelivered: boolean
  /** When it was sent; undefined if the queue does not say. */
  sentAt: Date | undefined
}

/** A queue that is open. If a method throws, it must be opened again, and whatever is not settled comes back. */
export interface EventQueue {
  /** Waits for a batch of messages. Returns none after a time that suits the queue, or once the signal is aborted. */
  receive: (signal: AbortSignal) => Promise<QueueMessage[]>
  /** Removes messages from the queue. If the connection breaks meanwhile, they may come again. */
  acknowledge: (messages: readonly QueueMessage[]) => Promise<void>
  /** Gives messages back, to be delivered again at once. */
  giveBack: (messages: readonly QueueMessage[]) => Promise<void>
  /** Extends the time for which the queue reserves all messages that have been received and not settled. */
  extend: () => Promise<void>
  /** How often that must be done, in milliseconds; undefined if messages stay reserved for as long as the queue is open. */
  extendIntervalMs: number | undefined
  /** How many messages are waiting, delivered to nobody yet, by the queue's own count. */
  countWaiting: () => Promise<number>
  /** Closes it, after reporting which messages are settled. The others are delivered again. Never rejects. */
  close: () => Promise<void>
}

/** Opens the queue, or throws if that is not possible now. */
export type OpenQueue = () => Promise<EventQueue>

/** The most messages that a queue delivers at once, if it can deliver so many: half of a batch of the catalogue. */
export const BATCH_MAX_MESSAGES = 500

/** Longest time that connecting to a queue may take. */
export const CONNECT_TIMEOUT_MS = 5_000
