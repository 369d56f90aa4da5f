import { getEventListeners } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { LookUpPlaces } from '../../../downloads/look-up-places.js'

const neverLeaving = new AbortController().signal
const nobodyLeaves = () => neverLeaving

/** Look-ups that last until they are ended. */
class HeldLookUps {
  readonly begun: string[] = []
  readonly #held = new Map<string, { end: () => void, fail: (error: Error) => void }>()

  work (name: string): () => Promise<string> {
    return async () => {
      this.begun.push(name)
      await new Promise<void>((resolve, reject) => { this.#held.set(name, { end: resolve, fail: reject }) })
      return name
    }
  }

  /** Resolves once everything that follows from it has begun. */
  async end (name: string, error?: Error): Promise<void> {
    const held = this.#held.get(name)
    if (held === undefined) throw new Error(`${name} has not begun.`)
    if (error === undefined) held.end()
    else held.fail(error)
    await setImmediate()
  }
}

t.test('so many of a client run at once, the others in the order in which they came', async (t) => {
  const places = new LookUpPlaces(2)
  const held = new HeldLookUps()
  const results = ['a', 'b', 'c', 'd'].map((name) => places.run('client', nobodyLeaves, held.work(name)))
  t.strictSame(held.begun, ['a', 'b'])
  await held.end('b')
  t.strictSame(held.begun, ['a', 'b', 'c'])
  await held.end('c')
  await held.end('a')
  t.strictSame(held.begun, ['a', 'b', 'c', 'd'])
  await held.end('d')
  t.strictSame(await Promise.all(results), ['a', 'b', 'c', 'd'])
})

t.test('nobody who comes later overtakes the one to whom a place is handed over', async (t) => {
  const places = new LookUpPlaces(1)
  const begun: string[] = []
  const quick = (name: string) => async () => { begun.push(name) }
  let last: Promise<void> | undefined
  await Promise.all([
    places.run('client', nobodyLeaves, quick('first')).then(() => { last = places.run('client', nobodyLeaves, quick('late')) }),
    places.run('client', nobodyLeaves, quick('second')),
    places.run('client', nobodyLeaves, quick('third')),
  ])
  await last
  t.strictSame(begun, ['first', 'second', 'third', 'late'])
  t.strictSame(getEventListeners(neverLeaving, 'abort'), [], 'nothing waits any more for them to leave')
})

t.test('a client with a place left has no more than its places', async (t) => {
  const places = new LookUpPlaces(2)
  const held = new HeldLookUps()
  const results = ['a', 'b'].map((name) => places.run('client', nobodyLeaves, held.work(name)))
  await held.end('a')
  t.equal(places.clientCount, 1)
  results.push(...['c', 'd'].map((name) => places.run('client', nobodyLeaves, held.work(name))))
  t.strictSame(held.begun, ['a', 'b', 'c'])
  for (const name of ['b', 'c', 'd']) await held.end(name)
  t.strictSame(await Promise.all(results), ['a', 'b', 'c', 'd'])
})

t.test('one client does not hold up another', async (t) => {
  const places = new LookUpPlaces(1)
  const held = new HeldLookUps()
  const results = [places.run('one', nobodyLeaves, held.work('a')), places.run('other', nobodyLeaves, held.work('b'))]
  t.strictSame(held.begun, ['a', 'b'])
  t.equal(places.clientCount, 2)
  await held.end('a')
  await held.end('b')
  await Promise.all(results)
})

t.test('a place is given back after a failure', async (t) => {
  const places = new LookUpPlaces(1)
  const held = new HeldLookUps()
  const failing = t.rejects(places.run('client', nobodyLeaves, held.work('a')), { message: 'no answer' })
  const next = places.run('client', nobodyLeaves, held.work('b'))
  await held.end('a', new Error('no answer'))
  await failing
  await held.end('b')
  t.equal(await next, 'b')
  t.equal(places.clientCount, 0)
})

t.test('who leaves', async (t) => {
  t.test('the line is out of it at once, and its look-up never begins', async (t) => {
    const places = new LookUpPlaces(1)
    const held = new HeldLookUps()
    const leaver = new AbortController()
    const first = places.run('client', nobodyLeaves, held.work('a'))
    const left = t.rejects(places.run('client', () => leaver.signal, held.work('b')), { name: 'AbortError' })
    const last = places.run('client', nobodyLeaves, held.work('c'))
    leaver.abort()
    await left
    t.strictSame(held.begun, ['a'])
    await held.end('a')
    t.strictSame(held.begun, ['a', 'c'])
    await held.end('c')
    await Promise.all([first, last])
  })

  t.test('before it would have to wait is not in the line', async (t) => {
    const places = new LookUpPlaces(1)
    const held = new HeldLookUps()
    const first = places.run('client', nobodyLeaves, held.work('a'))
    await t.rejects(places.run('client', () => AbortSignal.abort(), async () => { t.fail('looked up') }), { name: 'AbortError' })
    const last = places.run('client', nobodyLeaves, held.work('c'))
    await held.end('a')
    t.strictSame(held.begun, ['a', 'c'])
    await held.end('c')
    await Promise.all([first, last])
    t.equal(places.clientCount, 0)
  })

  t.test('is not asked while there is a place', async (t) => {
    const places = new LookUpPlaces(1)
    t.equal(await places.run('client', () => { throw new Error('asked') }, async () => 'found'), 'found')
    t.equal(places.clientCount, 0)
  })

  t.test('just when its turn comes hands the place on', async (t) => {
    const places = new LookUpPlaces(1)
    const held = new HeldLookUps()
    const leaver = new AbortController()
    const first = places.run('client', nobodyLeaves, async () => { queueMicrotask(() => { leaver.abort() }) })
    const left = t.rejects(places.run('client', () => leaver.signal, held.work('b')), { name: 'AbortError' })
    const last = places.run('client', nobodyLeaves, held.work('c'))
    await Promise.all([first, left])
    await setImmediate()
    t.strictSame(held.begun, ['c'])
    await held.end('c')
    await last
    t.equal(places.clientCount, 0)
  })

  t.test('with a place keeps it until the look-up has ended', async (t) => {
    const places = new LookUpPlaces(1)
    const held = new HeldLookUps()
    const leaver = new AbortController()
    const first = places.run('client', () => leaver.signal, held.work('a'))
    const next = places.run('client', nobodyLeaves, held.work('b'))
    leaver.abort()
    await setImmediate()
    t.strictSame(held.begun, ['a'])
    await held.end('a')
    await held.end('b')
    await Promise.all([first, next])
  })
})

t.test('clients are forgotten once they have no place, however many there were', async (t) => {
  const places = new LookUpPlaces(2)
  const clients = Array.from({ length: 1000 }, (_, index) => `client ${index}`)
  const look = async () => await setImmediate()
  const looking = clients.flatMap((client) => [1, 2, 3].map(() => places.run(client, nobodyLeaves, look)))
  t.equal(places.clientCount, 1000)
  await Promise.all(looking)
  t.equal(places.clientCount, 0)
})
