import { EventEmitter, once } from 'node:events'
import t from 'tap'
import { PersistentDelivery } from '../../../embedded/persistent-delivery.js'

/** Delivers into `taken`, unless `isDown`. */
function openDelivery (maxWaiting: number) {
  const receiver = {
    isDown: false, taken: new Array<number>(), failures: new Array<unknown>(), recoveries: new Array<number>(),
  }
  const events = new EventEmitter()
  const delivery = new PersistentDelivery<number>(async (item) => {
    events.emit('attempt')
    if (receiver.isDown) throw new Error('It is down.')
    receiver.taken.push(item)
  }, {
    maxWaiting,
    firstPauseMs: 1,
    onFailure: (error) => {
      receiver.failures.push(error)
      events.emit('failure')
    },
    onRecovery: (lostCount) => {
      receiver.recoveries.push(lostCount)
      events.emit('recovery', lostCount)
    },
  })
  const next = async (event: string): Promise<unknown> => (await once(events, event))[0]
  return { receiver, delivery, next }
}

t.test('what fails is delivered once that works again, and so is what came meanwhile', async (t) => {
  const { receiver, delivery, next } = openDelivery(10)
  delivery.add(1)
  receiver.isDown = true
  const failure = next('failure')
  delivery.add(2)
  delivery.add(3)
  await failure
  delivery.add(4)
  await next('attempt')
  t.match(receiver.failures, [{ message: 'It is down.' }], 'that is said once')
  receiver.isDown = false
  t.equal(await next('recovery'), 0)
  t.strictSame(receiver.taken.sort(), [1, 2, 3, 4])
  t.equal(delivery.waitingCount, 0)
  delivery.add(5)
  t.equal(await delivery.close(), 0)
  t.equal(receiver.taken.at(-1), 5)
})

t.test('what is added during some work is delivered once that has ended, or failed, and without a pause in between', async (t) => {
  const { receiver, delivery } = openDelivery(10)
  for (const failure of [undefined, new Error('It failed.')]) {
    receiver.taken.length = 0
    const work = delivery.holdDuring(async () => {
      delivery.add(1)
      await delivery.holdDuring(async () => { delivery.add(2) })
      t.strictSame(receiver.taken, [])
      if (failure !== undefined) throw failure
      return 'done'
    })
    t.equal(await work.catch((error: unknown) => error), failure ?? 'done')
    t.strictSame(receiver.taken, [1, 2])
  }
  delivery.add(3)
  t.strictSame(receiver.taken, [1, 2, 3])
})

t.test('no more is kept than there is room for, and what was lost is told', async (t) => {
  const { receiver, delivery, next } = openDelivery(2)
  receiver.isDown = true
  const failure = next('failure')
  for (const item of [1, 2, 3, 4, 5]) delivery.add(item)
  await failure
  delivery.add(6)
  await next('attempt')
  receiver.isDown = false
  t.equal(await next('recovery'), 4)
  t.strictSame(receiver.taken.sort(), [1, 2])
  receiver.isDown = true
  delivery.add(7)
  await next('failure')
  receiver.isDown = false
  t.equal(await next('recovery'), 0, 'and told once')
})

t.test('at the end everything is tried once more, and what is left is told', async (t) => {
  const { receiver, delivery, next } = openDelivery(10)
  receiver.isDown = true
  delivery.add(1)
  await next('failure')
  receiver.isDown = false
  t.equal(await delivery.close(), 0)
  t.strictSame(receiver.taken, [1])

  const other = openDelivery(10)
  other.receiver.isDown = true
  other.delivery.add(1)
  other.delivery.add(2)
  t.equal(await other.delivery.close(), 2)

  const full = openDelivery(1)
  const failure = full.next('failure')
  full.receiver.isDown = true
  full.delivery.add(1)
  full.delivery.add(2)
  await failure
  full.receiver.isDown = false
  t.equal(await full.delivery.close(), 1, 'also what there was no room for')
  t.strictSame(full.receiver.taken, [1])
  t.strictSame(full.receiver.recoveries, [], 'by nothing else')
})
