interface Line {
  taken: number
  /** Each takes over a place that is released, in the order of arrival. */
  waiting: Set<() => void>
}

/**
 * Limits the number of concurrent look-ups per client: further ones wait in line, and leave it as soon as nobody wants them any
 * more. A client is remembered only while it has a place.
 */
export class LookUpPlaces {
  readonly #perClient
  readonly #lines = new Map<string, Line>()

  constructor (perClient: number) {
    this.#perClient = perClient
  }

  /** How many clients have a place. */
  get clientCount (): number {
    return this.#lines.size
  }

  /**
   * Does the work in one of the client's places, which is released when the work ends or fails; rejects like the work.
   *
   * @param leaving gives the signal that ends the wait; called only if the work has to wait, as most need not
   * @throws the signal's reason if it is aborted before the wait ends: the work then never begins
   */
  async run<Result> (client: string, leaving: () => AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const line = this.#lineOf(client)
    if (line.taken < this.#perClient) line.taken++
    else await this.#wait(client, line, leaving())
    try {
      return await work()
    } finally {
      this.#giveBack(client, line)
    }
  }

  async #wait (client: string, line: Line, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    await turn(line, signal)
    // The client may have left just when its turn came.
    if (signal.aborted) this.#giveBack(client, line)
    signal.throwIfAborted()
  }

  #lineOf (client: string): Line {
    const known = this.#lines.get(client)
    if (known !== undefined) return known
    const line = { taken: 0, waiting: new Set<() => void>() }
    this.#lines.set(client, line)
    return line
  }

  #giveBack (client: string, line: Line): void {
    const [next] = line.waiting
    if (next !== undefined) {
      // The place is handed over, so that no later arrival can take it in between.
      line.waiting.delete(next)
      next()
    } else if (--line.taken === 0) this.#lines.delete(client)
  }
}

/** Resolves when a place is handed over. */
function turn ({ waiting }: Line, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const take = () => {
      signal.removeEventListener('abort', leave)
      resolve()
    }
    const leave = () => {
      waiting.delete(take)
      reject(signal.reason)
    }
    signal.addEventListener('abort', leave, { once: true })
    waiting.add(take)
  })
}
