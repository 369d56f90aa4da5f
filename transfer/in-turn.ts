/**
 * Does some work on each item, several at a time, and takes an item only once it can be worked on. After a failure no other
 * item is begun; the failure is thrown once the work in progress has ended.
 */
export async function inTurn<Item> (
  items: AsyncGenerator<Item, undefined>, hands: number, work: (item: Item) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(Array.from({ length: hands }, async () => {
    // Leaving the loop ends the generator for all workers.
    for await (const item of items) await work(item)
  }))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
