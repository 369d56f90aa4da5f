/** Where items that a connection pushes wait to be taken, a batch at a time. */
export class Inbox<Item> {
  #items: Item[] = []
  #failure: { error: unknown } | undefined
  #wake = () => {}

  push (item: Item): void {
    this.#items.push(item)
    this.#wake()
  }

  /** Ends the inbox: nothing more will arrive. What waits is dropped, since the next connection delivers it again. */
  fail (error: unknown): void {
    this.#failure ??= { error }
    this.#wake()
  }

  /**
   * Waits for items and takes all of them, up to `max`; none once the signal is aborted.
   *
   * @throws the error that `fail` was called with
   */
  async take (max: number, signal: AbortSignal): Promise<Item[]> {
    if (this.#items.length === 0 && this.#failure === undefined && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        signal.addEventListener('abort', this.#wake, { once: true })
      })
      signal.removeEventListener('abort', this.#wake)
      this.#wake = () => {}
      // So that further items in the data that has just arrived are taken along.
      await new Promise((resolve) => { setImmediate(resolve) })
    }
    if (this.#failure !== undefined) throw this.#failure.error
    return signal.aborted ? [] : this.#items.splice(0, max)
  }
}
