import { getEventListeners } from 'node:events'
import t from 'tap'
import { HeldMessages } from '../../../queues/held-messages.js'
import { Inbox } from '../../../queues/inbox.js'
import type { QueueMessage } from '../../../queues/queue.js'

const nobodyLeaves = new AbortController().signal
const message = (): QueueMessage => ({ body: Buffer.alloc(0), isRedelivered: false, sentAt: undefined })

t.test('what has come is taken in its order, no more at once than wanted', async (t) => {
  const inbox = new Inbox<number>()
  for (const item of [1, 2, 3]) inbox.push(item)
  t.strictSame(await inbox.take(2, nobodyLeaves), [1, 2])
  t.strictSame(await inbox.take(2, nobodyLeaves), [3])
})

t.test('who waits gets what comes, with all that comes along with it', async (t) => {
  const inbox = new Inbox<number>()
  for (let round = 0; round < 3; round++) {
    const taken = inbox.take(10, nobodyLeaves)
    for (const item of [1, 2, 3]) inbox.push(item)
    t.strictSame(await taken, [1, 2, 3])
  }
  t.strictSame(getEventListeners(nobodyLeaves, 'abort'), [])
})

t.test('who leaves gets nothing, before coming or while waiting, and what comes stays for the next', async (t) => {
  const inbox = new Inbox<number>()
  t.strictSame(await inbox.take(10, AbortSignal.abort()), [])
  const leaver = new AbortController()
  const taken = inbox.take(10, leaver.signal)
  leaver.abort()
  t.strictSame(await taken, [])
  inbox.push(1)
  t.strictSame(await inbox.take(10, leaver.signal), [])
  t.strictSame(await inbox.take(10, nobodyLeaves), [1])
})

t.test('once it has failed, whoever waits or comes later is told of the first failure, and gets nothing more', async (t) => {
  const inbox = new Inbox<number>()
  const waiting = t.rejects(inbox.take(10, nobodyLeaves), new Error('first'))
  inbox.fail(new Error('first'))
  inbox.fail(new Error('second'))
  await waiting
  inbox.push(1)
  await t.rejects(inbox.take(10, nobodyLeaves), new Error('first'))
})

t.test('a message is held until it is settled, and then once', async (t) => {
  const held = new HeldMessages<string>()
  const [one, two, three] = [message(), message(), message()]
  for (const [each, handle] of [[one, 'one'], [two, 'two'], [three, 'three']] as const) held.add(each, handle)
  t.strictSame(held.handles, ['one', 'two', 'three'])
  t.strictSame(held.release([three, message(), one]), ['three', 'one'])
  t.equal(held.count, 1)
  t.strictSame(held.release([three, one]), [])
  t.strictSame(held.releaseAll(), ['two'])
  t.strictSame([held.count, held.releaseAll()], [0, []])
})
