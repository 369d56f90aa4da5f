import { Pauses } from './pauses.js'
import type { EventQueue, OpenQueue, QueueMessage } from './queue.js'

/** What became of a message: it is committed, or set aside with a reason. Either way it may leave the queue. */
type Settled = 'committed' | 'set_aside'

export interface ConsumeOptions {
  open: OpenQueue
  /** Resolves once what a body reports is committed, or the body is set aside. */
  take: (body: Buffer) => Promise<Settled>
  /** Whether a failure of `take` says that nothing can be committed now, rather than that this message cannot. */
  isOutage: (error: unknown) => boolean
  /** Keeps a message elsewhere that cannot be taken. */
  giveUp: (body: Buffer, error: unknown) => Promise<void>
  onReceived?: (messages: readonly QueueMessage[]) => void
  onSettled?: (settled: Settled, count: number) => void
  /** Called when messages are held since nothing can be committed; not again until something has been committed. */
  onHeld?: (count: number, error: unknown) => void
  onUp?: () => void
  /** Called when the queue cannot be reached, or no longer; not again until it has been. */
  onDown?: (error: unknown) => void
  /** The longest pause before another attempt to open the queue, or to commit what is held, in milliseconds. */
  pauseMaxMs?: number
}

interface HeldMessage {
  message: QueueMessage
  /** How often it has failed for reasons of its own, while the database and the store were up. */
  failures: number
}

/** Once the database is back, messages wait no longer than this. */
const PAUSE_MAX_MS = 10_000
const MEASURE_INTERVAL_MS = 5_000
/** How often a message may fail on its own. */
const FAILURES_MAX = 5

/**
 * Takes messages from one queue, a batch at a time, for as long as it runs. The messages of a batch are taken concurrently, so
 * that they share commits, and each is acknowledged once it is committed, whatever becomes of the others.
 *
 * While nothing can be committed, a batch is held and tried again after growing pauses, and no other is received: giving it
 * back would use up the deliveries that a queue allows per message. A message that fails for reasons of its own is retried
 * alone, a limited number of times, and then kept elsewhere.
 */
export class QueueConsumer {
  readonly #options
  readonly #stopping = new AbortController()
  #reopening = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #isUp: boolean | undefined
  #waitingCount: number | undefined
  #oldestSentAt: Date | undefined

  constructor (options: ConsumeOptions) {
    this.#options = options
  }

  /** Whether the last attempt to reach the queue succeeded; false before the first one. */
  get isUp (): boolean {
    return this.#isUp === true
  }

  /** How many messages have not been delivered to anyone; undefined if that is not known. */
  get waitingCount (): number | undefined {
    return this.isUp ? this.#waitingCount : undefined
  }

  /** When the oldest message of the current batch was sent; undefined if there is none, or that is not known. */
  get oldestSentAt (): Date | undefined {
    return this.#oldestSentAt
  }

  start (): void {
    this.#running = this.#run()
  }

  /** Closes the queue after the current batch, and opens it again. */
  reopen (): void {
    this.#reopening.abort()
  }

  /** Finishes the current batch and acknowledges the part of it that is committed; the rest goes back. Never rejects. */
  async stop (): Promise<void> {
    this.#stopping.abort()
    this.#reopening.abort()
    await this.#running
  }

  async #run (): Promise<void> {
    const pauses = this.#pauses()
    while (!this.#stopping.signal.aborted) {
      this.#reopening = new AbortController()
      let queue: EventQueue | undefined
      try {
        queue = await this.#options.open()
        // `stop` was called while the queue was being opened.
        if (this.#stopping.signal.aborted) this.#reopening.abort()
        await this.#empty(queue, this.#reopening.signal, pauses)
      } catch (error) {
        this.#setUp(false, error)
        await pauses.wait(this.#stopping.signal)
      } finally {
        await queue?.close()
      }
    }
  }

  /** Takes from a queue until the signal is aborted. Throws if the queue fails. */
  async #empty (queue: EventQueue, signal: AbortSignal, pauses: Pauses): Promise<void> {
    const measure = async () => {
      try {
        this.#waitingCount = await queue.countWaiting()
        this.#setUp(true)
      } catch (error) {
        // While a batch is held, nothing else might notice.
        this.#setUp(false, error)
      }
    }
    await measure()
    const measuring = setInterval(measure, MEASURE_INTERVAL_MS).unref()
    const extending = queue.extendIntervalMs === undefined
      ? undefined
      // If that fails, the messages are delivered again, which does no harm.
      : setInterval(() => { queue.extend().catch(() => {}) }, queue.extendIntervalMs).unref()
    try {
      while (!signal.aborted) {
        const messages = await queue.receive(signal)
        this.#setUp(true)
        pauses.reset()
        if (messages.length > 0) await this.#work(queue, messages, signal)
      }
    } finally {
      clearInterval(measuring)
      clearInterval(extending)
      this.#oldestSentAt = undefined
    }
  }

  async #work (queue: EventQueue, messages: readonly QueueMessage[], signal: AbortSignal): Promise<void> {
    const { onReceived = () => {}, onSettled = () => {}, onHeld = () => {} } = this.#options
    onReceived(messages)
    const pauses = this.#pauses()
    let held: HeldMessage[] = messages.map((message) => ({ message, failures: 0 }))
    let isOutageTold = false
    for (;;) {
      this.#oldestSentAt = oldestOf(held)
      const { settled, left, outage } = await this.#take(held)
      if (settled.size > 0) {
        await queue.acknowledge([...settled.keys()])
        for (const kind of ['committed', 'set_aside'] as const) {
          const count = [...settled.values()].filter((one) => one === kind).length
          if (count > 0) onSettled(kind, count)
        }
        pauses.reset()
      }
      held = left
      if (held.length === 0) break
      if (outage !== undefined && !isOutageTold) onHeld(held.length, outage.error)
      isOutageTold = outage !== undefined
      if (signal.aborted) {
        await queue.giveBack(held.map(({ message }) => message))
        break
      }
      await pauses.wait(signal)
    }
    this.#oldestSentAt = undefined
  }

  /** Tries to take messages: new ones together, and those that have failed before one by one. */
  async #take (held: readonly HeldMessage[]) {
    const settled = new Map<QueueMessage, Settled>()
    const left: HeldMessage[] = []
    let outage: { error: unknown } | undefined
    const takeOne = async ({ message, failures }: HeldMessage) => {
      try {
        settled.set(message, await this.#options.take(message.body))
      } catch (error) {
        const isOutage = this.#options.isOutage(error)
        if (isOutage) outage = { error }
        else if (failures + 1 >= FAILURES_MAX && await this.#giveUp(message, error)) {
          settled.set(message, 'set_aside')
          return
        }
        left.push({ message, failures: isOutage ? failures : failures + 1 })
      }
    }
    await Promise.all(held.filter(({ failures }) => failures === 0).map(takeOne))
    for (const one of held) {
      if (one.failures > 0) await takeOne(one)
    }
    return { settled, left, outage }
  }

  /** Keeps a message elsewhere; returns whether that succeeded. If not, it is tried again. */
  async #giveUp ({ body }: QueueMessage, error: unknown): Promise<boolean> {
    try {
      await this.#options.giveUp(body, error)
      return true
    } catch {
      return false
    }
  }

  #setUp (isUp: boolean, error?: unknown): void {
    if (this.#isUp === isUp) return
    this.#isUp = isUp
    if (isUp) this.#options.onUp?.()
    else this.#options.onDown?.(error)
  }

  #pauses (): Pauses {
    return new Pauses(this.#options.pauseMaxMs ?? PAUSE_MAX_MS)
  }
}

function oldestOf (held: readonly HeldMessage[]): Date | undefined {
  let oldest: Date | undefined
  for (const { message: { sentAt } } of held) {
    if (sentAt !== undefined && (oldest === undefined || sentAt < oldest)) oldest = sentAt
  }
  return oldest
}
