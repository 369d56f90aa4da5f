import { Readable } from 'node:stream'
import t from 'tap'
import { FilesAhead, type FilePart } from '../../../archives/files-ahead.js'

const KIB = 1024

/** Parts with the given numbers of bytes, and a record of which were opened. */
function opened (lengths: number[], open: (part: FilePart) => Readable | Promise<Readable> = () => Readable.from(['x'])) {
  const indexes: number[] = []
  const bodies: Readable[] = []
  const parts = lengths.map((length, index) => ({ index, first: 0, last: length - 1 }))
  const files = new FilesAhead(parts, async (part) => {
    indexes.push(part.index)
    const body = await open(part)
    bodies.push(body)
    return body
  })
  return { files, indexes, bodies }
}

t.test('only the first file is opened to begin with, and its fault is met at once', async (t) => {
  const { files, indexes } = opened([KIB, KIB])
  await files.begin()
  t.same(indexes, [0])
  const broken = opened([KIB, KIB], () => { throw new TypeError('gone') })
  await t.rejects(broken.files.begin(), new TypeError('gone'))
  t.same(broken.indexes, [0])
})

t.test('there need be no file', async (t) => {
  const { files, indexes } = opened([])
  await files.begin()
  t.same(indexes, [])
  await t.rejects(files.take(), RangeError)
})

t.test('files are taken in their order, whether or not they were opened before', async (t) => {
  const { files, indexes, bodies } = opened([KIB, KIB, KIB])
  await files.begin()
  t.equal(await files.take(), bodies[0])
  t.equal(await files.take(), bodies[1])
  files.fill(0)
  t.equal(await files.take(), bodies[2])
  t.same(indexes, [0, 1, 2])
  await t.rejects(files.take(), RangeError)
})

t.test('eight files are opened ahead at most', async (t) => {
  const { files, indexes } = opened(Array<number>(20).fill(1))
  files.fill(0)
  t.same(indexes, [0, 1, 2, 3, 4, 5, 6, 7])
  await files.take()
  files.fill(0)
  t.equal(indexes.length, 9)
})

t.test('a file is opened if no more than 512 KiB come before it', async (t) => {
  const { files, indexes } = opened([512 * KIB, 1, 1])
  files.fill(0)
  t.same(indexes, [0, 1], 'the third would wait for one byte more')
  const other = opened([256 * KIB, 256 * KIB, 1])
  other.files.fill(1)
  t.same(other.indexes, [0, 1], 'what is left of the file before counts')
  await other.files.take()
  other.files.fill(0)
  t.same(other.indexes, [0, 1, 2], 'what was taken does not')
  const late = opened([1, 1])
  late.files.fill(512 * KIB + 1)
  t.same(late.indexes, [])
})

t.test('one that was closed while it waited is opened again', async (t) => {
  const { files, indexes, bodies } = opened([1, 1])
  await files.begin()
  bodies[0]?.destroy()
  const body = await files.take()
  t.equal(body.destroyed, false)
  t.same(indexes, [0, 0])
})

t.test('a fault of one that waits is met when it is taken, and not before', async (t) => {
  const { files } = opened([1, 1], ({ index }) => index === 1 ? Promise.reject(new TypeError('gone')) : Readable.from(['x']))
  files.fill(0)
  await files.take()
  await new Promise(setImmediate)
  await t.rejects(files.take(), new TypeError('gone'))
})

t.test('an error of a body that waits ends nothing', async (t) => {
  const { files, bodies } = opened([1, 1])
  files.fill(0)
  await new Promise(setImmediate)
  bodies[1]?.destroy(new Error('reset'))
  await new Promise(setImmediate)
  await files.take()
  t.equal((await files.take()).destroyed, false, 'it is opened again')
})

t.test('closing closes what waits, and opens nothing more', async (t) => {
  const { files, indexes, bodies } = opened([1, 1, 1])
  await files.begin()
  const taken = await files.take()
  files.fill(0)
  files.close()
  await new Promise(setImmediate)
  t.equal(taken.destroyed, false, 'whoever took one closes it')
  t.same(bodies.slice(1).map(({ destroyed }) => destroyed), [true, true])
  files.fill(0)
  t.same(indexes, [0, 1, 2])
  await t.rejects(files.take(), RangeError)
})
