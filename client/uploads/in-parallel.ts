/**
 * Works on a queue, several items at a time. After a failure nothing more is begun and work in progress is told to end; once it
 * has, that failure is thrown.
 *
 * @param queue emptied from its start
 * @param work also receives the signal that ends it
 */
export async function inParallel<Item> (
  queue: Item[], { concurrency, signal }: { concurrency: number, signal: AbortSignal },
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const ending = new AbortController()
  const abort = () => { ending.abort(signal.reason) }
  signal.addEventListener('abort', abort)
  let failure: { error: unknown } | undefined
  const worker = async () => {
    while (failure === undefined) {
      const item = queue.shift()
      if (item === undefined) return
      try {
        await work(item, ending.signal)
      } catch (error) {
        failure ??= { error }
        ending.abort(error)
      }
    }
  }
  try {
    signal.throwIfAborted()
    await Promise.all(Array.from({ length: Math.min(concurrency, queue.length) }, worker))
  } finally {
    signal.removeEventListener('abort', abort)
  }
  if (failure !== undefined) throw failure.error
}
