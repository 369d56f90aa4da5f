import { EventEmitter, once } from 'node:events'
import t from 'tap'
import { ExistenceCache } from '../../../downloads/existence-cache.js'

/** A bucket whose look-ups are counted, and wait if told to. */
class Bucket {
  readonly files = new Map<string, { sizeBytes: number }>()
  readonly gates = new EventEmitter()
  lookUps = 0
  isHolding = false
  readonly lookUp = async (objectKey: string) => {
    this.lookUps++
    const found = this.files.get(objectKey)
    if (this.isHolding) await once(this.gates, 'open')
    return found
  }
}

function bucketWith (objectKey: string): Bucket {
  const bucket = new Bucket()
  bucket.files.set(objectKey, { sizeBytes: 1 })
  return bucket
}

t.test('a file that was found is taken to be there for as long as was said, and no longer', async (t) => {
  let now = performance.now()
  t.intercept(performance, 'now', { value: () => now })
  const bucket = bucketWith('a')
  const cache = new ExistenceCache(5000, bucket.lookUp)
  t.ok(await cache.find('a'))
  bucket.files.delete('a')
  now += 4999
  t.ok(await cache.find('a'), 'being asked for does not prolong it')
  t.equal(bucket.lookUps, 1)
  now += 2
  t.equal(await cache.find('a'), undefined)
  t.equal(bucket.lookUps, 2)
})

t.test('what was not found is looked up again', async (t) => {
  const bucket = new Bucket()
  const cache = new ExistenceCache(5000, bucket.lookUp)
  t.equal(await cache.find('a'), undefined)
  bucket.files.set('a', { sizeBytes: 1 })
  t.same(await cache.find('a'), { sizeBytes: 1 })
  t.equal(bucket.lookUps, 2)
})

t.test('with a time of 0 nothing is remembered', async (t) => {
  const bucket = bucketWith('a')
  const cache = new ExistenceCache(0, bucket.lookUp)
  await cache.find('a')
  await cache.find('a')
  t.equal(bucket.lookUps, 2)
})

t.test('look-ups of one key at a time are one, of two keys two', async (t) => {
  const bucket = bucketWith('a')
  bucket.isHolding = true
  for (const ttlMs of [0, 5000]) {
    bucket.lookUps = 0
    const cache = new ExistenceCache(ttlMs, bucket.lookUp)
    const finds = ['a', 'a', 'b', 'a'].map((objectKey) => cache.find(objectKey))
    t.equal(bucket.lookUps, 2)
    bucket.gates.emit('open')
    t.same(await Promise.all(finds), [{ sizeBytes: 1 }, { sizeBytes: 1 }, undefined, { sizeBytes: 1 }])
  }
})

t.test('a look-up that fails fails for all who wait for it, and is not remembered', async (t) => {
  const failures = [new Error('The store is down.')]
  const cache = new ExistenceCache(5000, async () => {
    const failure = failures.pop()
    if (failure !== undefined) throw failure
    return { sizeBytes: 1 }
  })
  const results = await Promise.allSettled([cache.find('a'), cache.find('a')])
  t.same(results.map(({ status }) => status), ['rejected', 'rejected'])
  t.same(await cache.find('a'), { sizeBytes: 1 })
})

t.test('what was forgotten is looked up again, though a look-up was under way', async (t) => {
  const bucket = bucketWith('a')
  const cache = new ExistenceCache(5000, bucket.lookUp)
  await cache.find('a')
  cache.forget('a')
  bucket.isHolding = true
  const old = cache.find('a')
  cache.forget('a')
  bucket.files.delete('a')
  const current = cache.find('a')
  bucket.gates.emit('open')
  t.same(await old, { sizeBytes: 1 })
  t.equal(await current, undefined)
  bucket.isHolding = false
  t.equal(await cache.find('a'), undefined)
})

t.test('no more than ten thousand files are remembered', async (t) => {
  const bucket = new Bucket()
  const keys = Array.from({ length: 10_001 }, (_, index) => String(index))
  for (const objectKey of keys) bucket.files.set(objectKey, { sizeBytes: 1 })
  const cache = new ExistenceCache(60_000, bucket.lookUp)
  for (const objectKey of keys) await cache.find(objectKey)
  bucket.lookUps = 0
  await cache.find('10000')
  t.equal(bucket.lookUps, 0)
  await cache.find('0')
  t.equal(bucket.lookUps, 1)
})

t.test('what was forgotten while it was looked up is not remembered, and is looked up once again', async (t) => {
  const bucket = bucketWith('a')
  const cache = new ExistenceCache(5000, bucket.lookUp)
  bucket.isHolding = true
  const old = cache.find('a')
  cache.forget('a')
  bucket.gates.emit('open')
  await old
  t.equal(cache.has('a'), false)

  const [first, second] = [cache.find('a'), cache.find('a')]
  t.equal(bucket.lookUps, 2)
  bucket.gates.emit('open')
  await Promise.all([first, second])
})

t.test('a look-up that ends late leaves the one that is under way to those who wait for it', async (t) => {
  const held: Array<(found: object) => void> = []
  const cache = new ExistenceCache(5000, async () => await new Promise<object>((resolve) => { held.push(resolve) }))
  const old = cache.find('a')
  cache.forget('a')
  const current = cache.find('a')
  held[0]?.({ old: true })
  await old
  const shared = cache.find('a')
  t.equal(held.length, 2)
  held[1]?.({ old: false })
  t.strictSame(await Promise.all([current, shared]), [{ old: false }, { old: false }])
})

t.test('finds that took a look-up are counted, and those that took none', async (t) => {
  const bucket = bucketWith('a')
  const cache = new ExistenceCache(5000, bucket.lookUp)
  const counts = () => [cache.hitCount, cache.missCount]
  t.equal(cache.known('a'), undefined)
  t.equal(cache.has('a'), false)
  t.strictSame(counts(), [0, 0], 'none that was not there is a hit, and a question is neither')
  await Promise.all([cache.find('a'), cache.find('a'), cache.find('b')])
  t.strictSame(counts(), [1, 2], 'one shared the other\'s look-up')
  t.equal(cache.has('a'), true)
  t.strictSame(counts(), [1, 2])
  t.same(cache.known('a'), { sizeBytes: 1 })
  await cache.find('a')
  await cache.find('b')
  t.strictSame(counts(), [3, 3])
})

t.test('where nothing is remembered, nothing is known or forgotten', async (t) => {
  const bucket = bucketWith('a')
  const cache = new ExistenceCache(0, bucket.lookUp)
  await cache.find('a')
  t.equal(cache.known('a'), undefined)
  t.equal(cache.has('a'), false)
  t.doesNotThrow(() => cache.forget('a'))
  t.strictSame([cache.hitCount, cache.missCount], [0, 1])
})
