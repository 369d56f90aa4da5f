import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { Observation } from '../../../events/order.js'
import { StoreInquiries } from '../../../events/inquiries.js'

/** A store whose answers are held until released, each with a different time. */
class HeldStore {
  readonly asked: string[] = []
  readonly #held: Array<{ answer: () => void, fail: (error: Error) => void }> = []

  readonly ask = async (objectKey: string): Promise<Observation> => {
    const number = this.asked.push(objectKey)
    await new Promise<void>((resolve, reject) => { this.#held.push({ answer: resolve, fail: reject }) })
    return { change: { kind: 'removed' }, observedAt: new Date(number) }
  }

  /** Answers the oldest question once there is one. */
  async answer (error?: Error): Promise<void> {
    while (this.#held.length === 0) await setImmediate()
    const held = this.#held.shift()
    if (error === undefined) held?.answer()
    else held?.fail(error)
  }
}

t.test('questions about a key that is being asked about share the next answer, for the latest revision', async (t) => {
  const store = new HeldStore()
  const inquiries = new StoreInquiries(store.ask, 4)
  const first = inquiries.inquire('a', 'r1')
  while (store.asked.length === 0) await setImmediate()
  const second = inquiries.inquire('a', 'r2')
  const third = inquiries.inquire('a', 'r3')
  await store.answer()
  t.match(await first, { revision: 'r1', observation: { observedAt: new Date(1) } })
  await store.answer()
  t.match(await second, { revision: 'r3', observation: { observedAt: new Date(2) } })
  t.equal(await second, await third, 'the same answer')
  t.strictSame(store.asked, ['a', 'a'])
})

t.test('so many keys are asked about at once, and no more', async (t) => {
  const store = new HeldStore()
  const inquiries = new StoreInquiries(store.ask, 2)
  const answers = ['a', 'b', 'c'].map((objectKey) => inquiries.inquire(objectKey, 'r'))
  while (store.asked.length < 2) await setImmediate()
  await setImmediate()
  t.strictSame(store.asked, ['a', 'b'])
  for (let count = 0; count < 3; count++) await store.answer()
  t.equal((await Promise.all(answers)).length, 3)
})

t.test('a store that fails fails those who share the question, and the next question is asked', async (t) => {
  const store = new HeldStore()
  const inquiries = new StoreInquiries(store.ask, 1)
  const sharing = [inquiries.inquire('a', 'r1'), inquiries.inquire('a', 'r1')]
  await store.answer(new Error('down'))
  for (const question of sharing) await t.rejects(question, { message: 'down' })
  const next = inquiries.inquire('a', 'r1')
  await store.answer()
  t.match(await next, { revision: 'r1' })
})
