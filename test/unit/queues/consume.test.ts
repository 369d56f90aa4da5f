import { EventEmitter, once } from 'node:events'
import t, { type Test } from 'tap'
import { type ConsumeOptions, QueueConsumer } from '../../../queues/consume.js'
import { MemoryQueue } from './memory-queue.js'

class Outage extends Error {}

interface Happenings {
  settled: []
  held: [count: number]
  up: []
  down: []
  tried: [text: string]
}

/** A consumer of queues, opened one after the other, that records what happens. It is stopped with the test. */
function consume (t: Test, queues: Array<MemoryQueue | Error>, options: Partial<ConsumeOptions> & Pick<ConsumeOptions, 'take'>) {
  const happenings = new EventEmitter<Happenings>()
  let opened = 0
  const consumer = new QueueConsumer({
    open: async () => {
      const next = queues[Math.min(opened++, queues.length - 1)]
      if (next === undefined || next instanceof Error) throw next ?? new Error('There is none.')
      return next
    },
    isOutage: (error) => error instanceof Outage,
    giveUp: async () => {},
    onSettled: () => { happenings.emit('settled') },
    onHeld: (count) => { happenings.emit('held', count) },
    onUp: () => { happenings.emit('up') },
    onDown: () => { happenings.emit('down') },
    pauseMaxMs: 5,
    ...options,
    take: async (body) => {
      happenings.emit('tried', body.toString())
      return await options.take(body)
    },
  })
  t.teardown(() => consumer.stop())
  return { consumer, happenings, opened: () => opened }
}

t.test('messages of a batch are taken concurrently, and each is acknowledged once it is committed', async (t) => {
  const queue = new MemoryQueue([['a', 'b', 'c']])
  const underWay: string[] = []
  const { consumer, happenings } = consume(t, [queue], {
    take: async (body) => {
      underWay.push(body.toString())
      // Nobody ends before all have begun.
      while (underWay.length < 3) await new Promise((resolve) => { setImmediate(resolve) })
      t.strictSame(queue.acknowledged, [])
      return 'committed'
    },
  })
  consumer.start()
  await once(happenings, 'settled')
  t.strictSame([...queue.acknowledged].sort(), ['a', 'b', 'c'])
})

t.test('while nothing can be committed, a batch is held, extended and not given back, and no other is received', async (t) => {
  const queue = new MemoryQueue([['a', 'stuck'], ['later']], { extendIntervalMs: 1 })
  let isAway = true
  const { consumer, happenings } = consume(t, [queue], {
    take: async (body) => {
      if (isAway && body.toString() === 'stuck') throw new Outage()
      return 'committed'
    },
  })
  let heldCount = 0
  happenings.on('held', () => { heldCount++ })
  consumer.start()
  await once(happenings, 'held')
  while (queue.extensions < 3) await once(happenings, 'tried')
  t.strictSame(queue.acknowledged, ['a'], 'what is committed is acknowledged')
  t.strictSame(queue.returned, [])
  t.equal(queue.left, 1)
  t.equal(heldCount, 1, 'it is told once')
  t.strictSame(consumer.oldestSentAt, new Date(1_000))
  isAway = false
  while (queue.acknowledged.length < 3) await once(happenings, 'settled')
  t.strictSame(queue.acknowledged, ['a', 'stuck', 'later'])
})

t.test('a message that fails on its own is tried alone, five times, kept elsewhere and acknowledged; others pass', async (t) => {
  const queue = new MemoryQueue([['a', 'poison', 'b'], ['later']])
  const givenUp: string[] = []
  let tries = 0
  const { consumer, happenings } = consume(t, [queue], {
    take: async (body) => {
      if (body.toString() !== 'poison') return 'committed'
      tries++
      throw new TypeError('It makes no sense.')
    },
    giveUp: async (body, error) => {
      t.type(error, TypeError)
      givenUp.push(body.toString())
    },
  })
  consumer.start()
  while (queue.acknowledged.length < 4) await once(happenings, 'settled')
  t.strictSame(queue.acknowledged, ['a', 'b', 'poison', 'later'])
  t.strictSame(givenUp, ['poison'])
  t.equal(tries, 5)
})

t.test('a message that can be kept nowhere stays in the queue', async (t) => {
  const queue = new MemoryQueue([['poison']])
  const refused: string[] = []
  const { consumer, happenings } = consume(t, [queue], {
    take: async () => { throw new TypeError('It makes no sense.') },
    giveUp: async (body) => {
      refused.push(body.toString())
      throw new Outage()
    },
  })
  consumer.start()
  while (refused.length < 3) await once(happenings, 'tried')
  await consumer.stop()
  t.strictSame(queue.acknowledged, [])
  t.strictSame(queue.returned, ['poison'])
})

t.test('an outage does not count against a message', async (t) => {
  const queue = new MemoryQueue([['a']])
  let tries = 0
  const { consumer, happenings } = consume(t, [queue], {
    take: async () => {
      if (++tries <= 12) throw new Outage()
      return 'committed'
    },
    giveUp: async () => { t.fail('it is not given up') },
  })
  consumer.start()
  await once(happenings, 'settled')
  t.strictSame(queue.acknowledged, ['a'])
})

t.test('at its stop the batch under way is finished and acknowledged, and nothing else is received', async (t) => {
  const queue = new MemoryQueue([['a', 'b'], ['later']])
  let letGo = () => {}
  const mayEnd = new Promise<void>((resolve) => { letGo = resolve })
  const { consumer, happenings } = consume(t, [queue], {
    take: async () => {
      await mayEnd
      return 'committed'
    },
  })
  const tried = once(happenings, 'tried')
  consumer.start()
  await tried
  const stopped = consumer.stop()
  t.notOk(queue.isClosed)
  letGo()
  await stopped
  t.strictSame(queue.acknowledged, ['a', 'b'])
  t.equal(queue.left, 1)
  t.ok(queue.isClosed)
})

t.test('at its stop in an outage the batch goes back at once, however long the pause', async (t) => {
  const queue = new MemoryQueue([['a']])
  const { consumer, happenings } = consume(t, [queue], {
    take: async () => { throw new Outage() },
    pauseMaxMs: 1_000_000,
  })
  consumer.start()
  await once(happenings, 'held')
  await consumer.stop()
  t.strictSame(queue.returned, ['a'])
  t.ok(queue.isClosed)
})

t.test('a queue that is away is opened again until it is there, and one that fails, too', async (t) => {
  const [first, second] = [new MemoryQueue([['a']]), new MemoryQueue([['b']])]
  const { consumer, happenings, opened } = consume(t, [new Error('away'), new Error('away'), first, second], {
    take: async () => 'committed',
  })
  const states: string[] = []
  happenings.on('up', () => states.push('up')).on('down', () => states.push('down'))
  t.notOk(consumer.isUp)
  consumer.start()
  await once(happenings, 'settled')
  t.ok(consumer.isUp)
  t.equal(consumer.waitingCount, 1)
  first.fail(new Error('gone'))
  await once(happenings, 'settled')
  t.strictSame([first.acknowledged, second.acknowledged], [['a'], ['b']])
  t.strictSame(states, ['down', 'up', 'down', 'up'], 'each is told once')
  t.equal(opened(), 4)
  t.ok(first.isClosed)
})

t.test('opened anew, it takes from the queue that is there then', async (t) => {
  const [first, second] = [new MemoryQueue([['a']]), new MemoryQueue([['b']])]
  const { consumer, happenings } = consume(t, [first, second], { take: async () => 'committed' })
  consumer.start()
  await once(happenings, 'settled')
  consumer.reopen()
  await once(happenings, 'settled')
  t.ok(first.isClosed)
  t.strictSame(second.acknowledged, ['b'])
  t.ok(consumer.isUp)
})
