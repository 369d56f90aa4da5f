import t from 'tap'
import { FileChecksums } from '../../../archives/checksums.js'
import { fileInMemory } from '../../support/archives.js'

/** Files, and a function that computes their checksums and answers when told to. */
function asked (files: ReturnType<typeof fileInMemory>[]) {
  const waiting: Array<{ path: string, answer: (crc32: number) => void, fail: (error: Error) => void }> = []
  const file = (index: number) => {
    const found = files[index]
    if (found === undefined) throw new RangeError('There is no such file.')
    return found
  }
  const checksums = new FileChecksums({ count: files.length, file }, ({ objectKey }) => new Promise((resolve, reject) => {
    waiting.push({ path: objectKey.slice(objectKey.lastIndexOf('/') + 1), answer: resolve, fail: reject })
  }))
  return { checksums, waiting, paths: () => waiting.map(({ path }) => path) }
}

const named = (...names: string[]) => names.map((name) => fileInMemory(name, name))
const turn = () => new Promise(setImmediate)

t.test('what is known before is not asked for: given ones, and that of no bytes', async (t) => {
  const { checksums, waiting } = asked([{ ...fileInMemory('a', 'a'), crc32: 7 }, fileInMemory('b', ''), fileInMemory('c', 'c')])
  t.equal(await checksums.of(0), 7)
  t.equal(await checksums.of(1), 0)
  t.equal(checksums.known(2), undefined)
  checksums.note(2, 0xffffffff)
  t.equal(checksums.known(2), 0xffffffff)
  t.equal(await checksums.of(2), 0xffffffff)
  t.same(waiting, [])
})

t.test('one that is asked for twice at once is computed once, and then known', async (t) => {
  const { checksums, waiting } = asked(named('a'))
  const both = Promise.all([checksums.of(0), checksums.of(0)])
  t.equal(waiting.length, 1)
  waiting[0]?.answer(9)
  t.same(await both, [9, 9])
  t.equal(checksums.known(0), 9)
  t.equal(await checksums.of(0), 9)
  t.equal(waiting.length, 1)
})

t.test('one that fails is asked for again', async (t) => {
  const { checksums, waiting } = asked(named('a'))
  const failing = t.rejects(checksums.of(0), new TypeError('gone'))
  waiting[0]?.fail(new TypeError('gone'))
  await failing
  t.equal(checksums.known(0), undefined)
  const again = checksums.of(0)
  waiting[1]?.answer(3)
  t.equal(await again, 3)
})

t.test('four are prepared at a time, in their order, without those that are known', async (t) => {
  const { checksums, waiting, paths } = asked(named('a', 'b', 'c', 'd', 'e', 'f'))
  checksums.note(1, 1)
  checksums.prepare([0, 1, 2, 3, 4, 5])
  t.same(paths(), ['a', 'c', 'd', 'e'])
  waiting[2]?.answer(4)
  await turn()
  t.same(paths(), ['a', 'c', 'd', 'e', 'f'])
  t.equal(checksums.known(3), 4)
  const first = checksums.of(0)
  waiting[0]?.answer(5)
  t.equal(await first, 5, 'one that is being prepared is waited for')
  t.equal(waiting.length, 5)
})

t.test('a failed preparation is met by whoever asks, and by nobody else', async (t) => {
  const { checksums, waiting } = asked(named('a', 'b'))
  checksums.prepare([0, 1])
  waiting[0]?.fail(new TypeError('gone'))
  await turn()
  const asking = t.rejects(checksums.of(0), new TypeError('gone again'))
  waiting[2]?.fail(new TypeError('gone again'))
  await asking
})
