import type { QueueMessage } from './queue.js'

/** The handles by which a queue knows its messages, such as receipts, until they are settled. */
export class HeldMessages<Handle> {
  readonly #handles = new Map<QueueMessage, Handle>()

  get count (): number {
    return this.#handles.size
  }

  get handles (): Handle[] {
    return [...this.#handles.values()]
  }

  add (message: QueueMessage, handle: Handle): void {
    this.#handles.set(message, handle)
  }

  /** Forgets messages, and returns their handles. */
  release (messages: readonly QueueMessage[]): Handle[] {
    return messages.flatMap((message) => {
      const handle = this.#handles.get(message)
      if (handle === undefined) return []
      this.#handles.delete(message)
      return [handle]
    })
  }

  /** Forgets all messages, and returns their handles. */
  releaseAll (): Handle[] {
    const { handles } = this
    this.#handles.clear()
    return handles
  }
}
