import { randomBytes, randomInt } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { tarFormat } from '../../../archives/tar-format.js'
import { zipFormat } from '../../../archives/zip-format.js'
import { archiveInMemory, fileInMemory } from '../../support/archives.js'

/** Around the bounds of blocks in both formats. */
const SIZES = [0, 1, 511, 512, 513, 4_096, 65_534, 65_535, 65_536, 131_069, 131_070, 131_071, 200_000]

for (const format of [zipFormat, tarFormat]) {
  t.test(format.name, async (t) => {
    const files = SIZES.map((size, index) => fileInMemory(`folder ${index % 3}/${size} bytes`, randomBytes(size)))

    t.test('has the stated length', async (t) => {
      const { layout, read } = await archiveInMemory(format, files)
      t.equal((await read()).length, layout.sizeBytes)
    })

    t.test('answers every range with that part of the whole', async (t) => {
      const { layout, read } = await archiveInMemory(format, files)
      const whole = await read()
      await fc.assert(fc.asyncProperty(fc.nat(layout.sizeBytes - 1), fc.nat(200_000), async (first, more) => {
        const range = { first, last: Math.min(first + more, layout.sizeBytes - 1) }
        return whole.subarray(range.first, range.last + 1).equals(await read(range))
      }), { numRuns: 500 })
      // Around each place where something begins.
      for (let index = 0; index < layout.count; index++) {
        for (const near of [-2, -1, 0, 1, 5, 40]) {
          const first = Math.max(0, layout.offset(index) + near)
          t.ok(whole.subarray(first, first + 70).equals(await read({ first, last: first + 69 })), `${index} ${near}`)
        }
      }
    })

    t.test('continues from any place', async (t) => {
      const { layout, read } = await archiveInMemory(format, files)
      const whole = await read()
      for (let round = 0; round < 50; round++) {
        const cut = randomInt(1, layout.sizeBytes)
        const [start, rest] = [await read({ first: 0, last: cut - 1 }), await read({ first: cut, last: layout.sizeBytes - 1 })]
        t.ok(Buffer.concat([start, rest]).equals(whole), `cut at ${cut}`)
      }
    })

    t.test('is the same whether or not checksums are known, and in whatever order files come', async (t) => {
      const { layout, read } = await archiveInMemory(format, files)
      const known = await Promise.all(files.map(async (file) => ({ ...file, crc32: Number(file.entityTag.replaceAll('"', '')) })))
      const other = await archiveInMemory(format, known.toReversed())
      t.equal(other.layout.entityTag, layout.entityTag)
      t.ok((await other.read()).equals(await read()))
    })

    t.test('has another tag with another tag, name, time or size of a file, or without one', async (t) => {
      const [first = fileInMemory('none', ''), ...rest] = files
      const tagOf = async (...of: typeof files) => (await archiveInMemory(format, of)).layout.entityTag
      const tags = [
        await tagOf(first, ...rest),
        await tagOf({ ...first, entityTag: '"other"' }, ...rest),
        await tagOf({ ...first, modifiedAt: new Date(0) }, ...rest),
        await tagOf({ ...first, sizeBytes: 7 }, ...rest),
        await tagOf(fileInMemory('other', ''), ...rest),
        await tagOf(...rest),
        await tagOf(),
      ]
      t.equal(new Set(tags).size, tags.length)
      t.ok(tags.every((tag) => /^"[\w-]{43}"$/.test(tag)))
    })
  })
}

t.test('the tags of formats differ', async (t) => {
  const files = [fileInMemory('a', 'a')]
  const [zip, tar] = [await archiveInMemory(zipFormat, files), await archiveInMemory(tarFormat, files)]
  t.not(zip.layout.entityTag, tar.layout.entityTag)
})

t.test('a range of a ZIP reads again only files whose checksum it shows, and that do not pass', async (t) => {
  const files = ['a', 'b', 'c', 'd'].map((name) => fileInMemory(name, randomBytes(1_000)))
  const { layout, read, reread } = await archiveInMemory(zipFormat, files)
  await read()
  t.same(reread, [])
  await read({ first: layout.offset(1) + 500, last: layout.offset(3) - 1 })
  t.same(reread.splice(0), ['b'])
  await read({ first: layout.offset(2), last: layout.sizeBytes - 1 })
  t.same(reread.splice(0).toSorted(), ['a', 'b'])
  await read({ first: layout.sizeBytes - 22, last: layout.sizeBytes - 1 })
  t.same(reread, [])
})
