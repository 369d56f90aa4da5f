import { createHash } from 'node:crypto'
import t from 'tap'
import type { ArchiveEntry, ArchiveFormat } from '../../../archives/archive-format.js'
import { tarFormat } from '../../../archives/tar-format.js'
import { zipFormat } from '../../../archives/zip-format.js'
import { archiveInMemory, fileInMemory } from '../../support/archives.js'

/*
 * An archive that one build has begun must be one that another can continue. These bytes were read by unzip, 7z, bsdtar, tar,
 * Python and Java (test/slow/archives/readers.test.ts); if you change them, change LAYOUT_VERSION in archives/layout.ts, too.
 */
const files = [
  fileInMemory('report.txt', 'Results'),
  fileInMemory('empty', ''),
  fileInMemory('bytes/65,535', Buffer.alloc(65_535, 'a')),
  fileInMemory('bytes/65,536', Buffer.alloc(65_536, 'b')),
  fileInMemory('bytes/200,000', Buffer.alloc(200_000, 'c')),
  fileInMemory('a name/with blanks', 'blanks'),
  fileInMemory('größe/日本.csv', 'ü'),
  fileInMemory(`long/${'n'.repeat(100)}`, 'fits'),
  fileInMemory(`long/${'n'.repeat(101)}`, 'does not fit'),
  fileInMemory(`${'p'.repeat(155)}/${'n'.repeat(100)}`, 'fits, too'),
  fileInMemory(`${'p'.repeat(156)}/n`, 'does not fit either'),
  fileInMemory('Case', '1'),
  fileInMemory('case', '2'),
  fileInMemory('CASE/inside', '3'),
  fileInMemory('nul.txt', 'a device'),
  fileInMemory('colon: yes?', 'refused characters'),
  fileInMemory('plot~2.png', 'as if made here'),
  { ...fileInMemory('old', 'old'), modifiedAt: new Date('1969-12-31T23:59:58Z') },
  { ...fileInMemory('late', 'late'), modifiedAt: new Date('2999-01-01T00:00:00Z') },
  { ...fileInMemory('unknown', 'unknown'), modifiedAt: null },
].map((file, index) => ({ ...file, objectKey: file.objectKey.replace(/\/outputs\/[^/]+/, `/outputs/${String(index).padStart(22, 'A')}`) }))

/** Sizes and places around the bounds of 32 bits, and of eleven octal digits. */
const LARGE = [0, 0xfffffffe - 5 * 65_538, 0xffffffff, 0x100000000, 0o77777777777, 0o77777777777 + 1, 2 ** 43]

const digest = (...parts: Array<Buffer | string>) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex').slice(0, 32)
}

async function frozen (format: ArchiveFormat) {
  const { layout, read } = await archiveInMemory(format, files)
  const entries = LARGE.map((sizeBytes, index): ArchiveEntry => ({ name: `large ${index}`, sizeBytes, modifiedAt: new Date(1e12) }))
  const around = entries.flatMap((entry) => [format.header(entry), format.trailer(entry, 0x01020304).subarray(0, 24)])
  const entry = (index: number) => entries[index % entries.length] ?? { name: '', sizeBytes: 0, modifiedAt: new Date(0) }
  const endOf = (count: number, endOffset: number) => {
    const pieces = [...format.end({ count, entry, offset: (index) => endOffset - count + index, endOffset })]
    const bytes = pieces.map((piece) => piece.bytes(piece.checksumOf ?? 0))
    t.same(bytes.map(({ length }) => length), pieces.map(({ length }) => length), `${count} files that end at ${endOffset}`)
    return digest(...bytes)
  }
  const ends = [1, LARGE.length, 65_534, 65_535, 70_000].flatMap((count) =>
    [100_000, 0xfffffffe, 0xffffffff, 2 ** 33].map((endOffset) => endOf(count, endOffset)))
  for (const large of entries) t.equal(format.header(large).length, format.headerLength(large), `a header of ${large.sizeBytes} bytes`)
  return { entityTag: layout.entityTag, archive: digest(await read()), large: digest(...around), ends: digest(...ends) }
}

t.test('the bytes of an archive are those that they have always been', async (t) => {
  t.same({ zip: await frozen(zipFormat), tar: await frozen(tarFormat) }, {
    zip: {
      entityTag: '"mVY_4yzVHn8laOcxJXJmFRw7_gQZPEDLBJvVEtBLNPY"',
      archive: '359f9eeac3dc3c5364c473ea138e07a7',
      large: 'a65b6c223bd81df2543ad56f176b399d',
      ends: '4d5766f70be2b4d291e6ec224e6501cf',
    },
    tar: {
      entityTag: '"A2HAb76U9QlJqX2LhVYjRtEYAtSesidrVeOjxiarwoc"',
      archive: 'b8048ade5924fb6ec484bcfc9552e15a',
      large: '0331367ea2200b6310b3b1357f388a92',
      ends: 'b012cf97f186a04bd8dc5b65acab6c2a',
    },
  })
})
