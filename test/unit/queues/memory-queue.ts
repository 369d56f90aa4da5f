import type { EventQueue, QueueMessage } from '../../../queues/queue.js'

/** A queue in memory that delivers everything at once, and records what became of it. */
export class MemoryQueue implements EventQueue {
  readonly extendIntervalMs
  readonly acknowledged: string[] = []
  readonly returned: string[] = []
  isClosed = false
  extensions = 0
  failure: Error | undefined
  readonly #batches: QueueMessage[][]
  #wake = () => {}

  constructor (batches: string[][], { extendIntervalMs }: { extendIntervalMs?: number } = {}) {
    this.extendIntervalMs = extendIntervalMs
    this.#batches = batches.map((batch) => batch.map((text) => ({
      body: Buffer.from(text), isRedelivered: false, sentAt: new Date(1_000),
    })))
  }

  /** How many batches have not been delivered. */
  get left (): number {
    return this.#batches.length
  }

  fail (error: Error): void {
    this.failure = error
    this.#wake()
  }

  async receive (signal: AbortSignal): Promise<QueueMessage[]> {
    if (this.failure !== undefined) throw this.failure
    if (signal.aborted) return []
    const batch = this.#batches.shift()
    if (batch !== undefined) return batch
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      signal.addEventListener('abort', () => { resolve() }, { once: true })
    })
    return await this.receive(signal)
  }

  async acknowledge (messages: readonly QueueMessage[]): Promise<void> {
    if (this.failure !== undefined) throw this.failure
    this.acknowledged.push(...messages.map(({ body }) => body.toString()))
  }

  async giveBack (messages: readonly QueueMessage[]): Promise<void> {
    this.returned.push(...messages.map(({ body }) => body.toString()))
  }

  async extend (): Promise<void> {
    this.extensions++
  }

  async countWaiting (): Promise<number> {
    if (this.failure !== undefined) throw this.failure
    return this.#batches.flat().length
  }

  async close (): Promise<void> {
    this.isClosed = true
  }
}
