import { setTimeout } from 'node:timers/promises'
import { ExponentialBackoff, type IBackoff } from 'cockatiel'

const FIRST_MS = 100

/** Pauses between attempts: growing, with jitter, up to a limit. */
export class Pauses {
  readonly #backoff
  #present: IBackoff<unknown> | undefined

  /** @param maxMs the longest pause, in milliseconds */
  constructor (maxMs: number) {
    this.#backoff = new ExponentialBackoff<unknown>({ initialDelay: FIRST_MS, maxDelay: maxMs })
  }

  /** Makes the next pause short again. */
  reset (): void {
    this.#present = undefined
  }

  /** How long the next pause is, in milliseconds. */
  nextMs (): number {
    this.#present = (this.#present ?? this.#backoff).next(undefined)
    return this.#present.duration
  }

  /** Waits for the next pause, or until the signal is aborted. */
  async wait (signal: AbortSignal): Promise<void> {
    await setTimeout(this.nextMs(), undefined, { signal }).catch(() => {})
  }
}
