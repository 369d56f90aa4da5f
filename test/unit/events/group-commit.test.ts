import t from 'tap'
import { GroupCommit, QueueFullError } from '../../../events/group-commit.js'

/** Commits that are held until released, and then return each item doubled. */
class HeldCommits {
  readonly batches: number[][] = []
  readonly #held: Array<{ letGo: () => void, fail: (error: Error) => void }> = []
  #arrived = () => {}

  readonly commit = async (items: number[]): Promise<number[]> => {
    this.batches.push(items)
    await new Promise<void>((resolve, reject) => {
      this.#held.push({ letGo: resolve, fail: reject })
      this.#arrived()
    })
    return items.map((item) => item * 2)
  }

  /** Resolves with the next batch that is held. */
  async next (): Promise<{ letGo: () => void, fail: (error: Error) => void }> {
    if (this.#held.length === 0) await new Promise<void>((resolve) => { this.#arrived = resolve })
    return this.#held.shift() ?? await this.next()
  }
}

const limits = { maxBatch: 3, maxQueued: 6 }

t.test('what arrives while a batch is being committed makes up the next one', async (t) => {
  const held = new HeldCommits()
  const commits = new GroupCommit(held.commit, limits)
  const first = commits.submit([1])
  const firstBatch = await held.next()
  const others = [commits.submit([2]), commits.submit([3])]
  t.equal(commits.queuedCount, 2)
  t.strictSame(held.batches, [[1]], 'one batch at a time')
  firstBatch.letGo()
  t.strictSame(await first, [2])
  const secondBatch = await held.next()
  secondBatch.letGo()
  t.strictSame(await Promise.all(others), [[4], [6]])
  t.strictSame(held.batches, [[1], [2, 3]])
  t.equal(commits.queuedCount, 0)
})

t.test('what arrives together goes together', async (t) => {
  const held = new HeldCommits()
  const commits = new GroupCommit(held.commit, limits)
  const both = [commits.submit([1]), commits.submit([2])]
  const batch = await held.next()
  batch.letGo()
  t.strictSame(await Promise.all(both), [[2], [4]])
  t.strictSame(held.batches, [[1, 2]])
})

t.test('a submission larger than a batch is spread over several, in order, and resolves with the last of them', async (t) => {
  const held = new HeldCommits()
  const commits = new GroupCommit(held.commit, limits)
  const large = commits.submit([1, 2, 3, 4])
  const small = commits.submit([5])
  for (let count = 0; count < 2; count++) (await held.next()).letGo()
  t.strictSame([await large, await small], [[2, 4, 6, 8], [10]])
  t.strictSame(held.batches, [[1, 2, 3], [4, 5]])
})

t.test('a batch that fails fails its submissions, with what is left of them, and no others', async (t) => {
  const held = new HeldCommits()
  const commits = new GroupCommit(held.commit, limits)
  const large = commits.submit([1, 2, 3, 4])
  const batch = await held.next()
  const other = commits.submit([5])
  batch.fail(new Error('broken'))
  await t.rejects(large, { message: 'broken' })
  const next = await held.next()
  next.letGo()
  t.strictSame(await other, [10])
  t.strictSame(held.batches, [[1, 2, 3], [5]])
  t.equal(commits.queuedCount, 0)
})

t.test('a batch that fails fails every sender that has items in it, and the next ones are committed', async (t) => {
  const held = new HeldCommits()
  const commits = new GroupCommit(held.commit, { maxBatch: 3, maxQueued: 100 })
  const first = commits.submit([1])
  const firstBatch = await held.next()
  // The second batch has items of three senders; of the last sender's, only the first.
  const senders = [commits.submit([2]), commits.submit([3]), commits.submit([4, 5, 6, 7])]
  const untouched = commits.submit([8])
  const outcomes = Promise.allSettled([...senders, untouched])
  firstBatch.letGo()
  t.strictSame(await first, [2])
  const failing = await held.next()
  failing.fail(new Error('broken'))
  const last = await held.next()
  last.letGo()
  t.match(await outcomes, [
    ...senders.map(() => ({ status: 'rejected', reason: { message: 'broken' } })), { status: 'fulfilled', value: [16] },
  ])
  t.strictSame(held.batches, [[1], [2, 3, 4], [8]])
  t.equal(commits.queuedCount, 0)
  const later = commits.submit([9])
  const batch = await held.next()
  batch.letGo()
  t.strictSame(await later, [18], 'and it goes on')
})

t.test('as much as the queue holds is taken, and one more is not', async (t) => {
  const held = new HeldCommits()
  const commits = new GroupCommit(held.commit, limits)
  const first = commits.submit([1])
  const firstBatch = await held.next()
  const waiting = [commits.submit([2, 3]), commits.submit([4, 5, 6, 7])]
  t.equal(commits.queuedCount, 6)
  await t.rejects(commits.submit([8]), QueueFullError)
  for (let batch = firstBatch, left = 2; ; left--) {
    batch.letGo()
    if (left === 0) break
    batch = await held.next()
  }
  t.strictSame(await Promise.all([first, ...waiting]), [[2], [4, 6], [8, 10, 12, 14]])
})

t.test('more than the queue holds is refused at once, and there is room again after a batch', async (t) => {
  const held = new HeldCommits()
  const commits = new GroupCommit(held.commit, limits)
  const submissions = [commits.submit([1])]
  const first = await held.next()
  submissions.push(commits.submit([2, 3, 4, 5, 6, 7]))
  await t.rejects(commits.submit([8]), QueueFullError)
  first.letGo()
  const second = await held.next()
  submissions.push(commits.submit([8]))
  second.letGo()
  const third = await held.next()
  third.letGo()
  const fourth = await held.next()
  fourth.letGo()
  t.strictSame((await Promise.all(submissions)).flat(), [2, 4, 6, 8, 10, 12, 14, 16])
})

t.test('a submission larger than the queue is taken when nothing else waits', async (t) => {
  const commits = new GroupCommit(async (items: number[]) => items, limits)
  t.equal((await commits.submit([1, 2, 3, 4, 5, 6, 7])).length, 7)
})

t.test('nothing submitted is done at once', async (t) => {
  const commits = new GroupCommit(async () => { throw new Error('nothing to commit') }, limits)
  t.strictSame(await commits.submit([]), [])
})
