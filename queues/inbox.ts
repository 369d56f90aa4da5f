/** Where items that a connection delivers unasked wait to be taken, a batch at a time. */
export class Inbox<Item> {
  #items: Item[] = []
  #failure: { error: unknown } | undefined
  #wake = () => {}

  push (item: Item): void {
    this.#items.push(item)
    this.#wake()
  }

  /** Nothing will come any more. What waits is no longer of use: it comes again on the next connection. */
  fail (error: unknown): void {
    this.#failure ??= { error }
    this.#wake()
  }

  /**
   * Waits for items and takes all, but no more than `max`; none once the signal is aborted.
   *
   * @throws what it failed with
   */
  async take (max: number, signal: AbortSignal): Promise<Item[]> {
    if (this.#items.length === 0 && this.#failure === undefined && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        signal.addEventListener('abort', this.#wake, { once: true })
      })
      signal.removeEventListener('abort', this.#wake)
      this.#wake = () => {}
      // What the connection's present data hold besides comes along.
      await new Promise((resolve) => { setImmediate(resolve) })
    }
    if (this.#failure !== undefined) throw this.#failure.error
    return signal.aborted ? [] : this.#items.splice(0, max)
  }
}
