import { execFile, spawnSync } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import type { ArchiveFormat } from '../../../archives/archive-format.js'
import { FileChecksums } from '../../../archives/checksums.js'
import { FilesAhead, lengthOf } from '../../../archives/files-ahead.js'
import { type ArchivedFile, layOutArchive } from '../../../archives/layout.js'
import { tarFormat } from '../../../archives/tar-format.js'
import { filePartsOf, writeRange } from '../../../archives/write-range.js'
import { zipFormat } from '../../../archives/zip-format.js'
import { archiveInMemory, fileInMemory } from '../../support/archives.js'

const run = promisify(execFile)

/** Reads the archive from its standard input; prints its number of files, and the sum of their sizes. */
const JAVA = `
import java.util.zip.*;
class Main {
  public static void main(String[] arguments) throws Exception {
    long count = 0, bytes = 0;
    byte[] buffer = new byte[1 << 16];
    try (var zip = new ZipInputStream(System.in)) {
      while (zip.getNextEntry() != null) {
        count++;
        for (int length; (length = zip.read(buffer)) > 0;) bytes += length;
        zip.closeEntry();
      }
    }
    System.out.println(count + " " + bytes);
  }
}`

const PYTHON = `
import sys, tarfile, zipfile
count = total = 0
if sys.argv[1].endswith('.zip'):
    with zipfile.ZipFile(sys.argv[1]) as archive:
        assert archive.testzip() is None
        for entry in archive.infolist():
            count, total = count + 1, total + entry.file_size
else:
    with tarfile.open(sys.argv[1]) as archive:
        for entry in archive:
            count, total = count + 1, total + entry.size
print(count, total)`

/** A program that reads archives from a file, or from its standard input. */
interface Reader {
  program: string
  /** Runs a program, which must succeed. */
  check: (archive: string, folder: string) => Promise<unknown>
}

const shell = (command: string) => async (archive: string, folder: string) =>
  await run('bash', ['-o', 'pipefail', '-c', command, 'bash', archive, folder], { maxBuffer: 2 ** 28 })

const readers: Record<'zip' | 'tar', Reader[]> = {
  zip: [
    { program: 'unzip', check: shell('unzip -tq "$1"') },
    { program: '7z', check: shell('7z t "$1" >/dev/null') },
    { program: 'bsdtar', check: shell('cat "$1" | bsdtar -xOf - | cat >/dev/null') },
    { program: 'java', check: shell('java "$2/Main.java" <"$1"') },
    { program: 'python3', check: shell('python3 "$2/read.py" "$1"') },
  ],
  tar: [
    { program: 'tar', check: shell('cat "$1" | tar -tf - >/dev/null') },
    { program: '7z', check: shell('7z t "$1" >/dev/null') },
    { program: 'bsdtar', check: shell('cat "$1" | bsdtar -xOf - | cat >/dev/null') },
    { program: 'python3', check: shell('python3 "$2/read.py" "$1"') },
  ],
}

async function makeFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-archives-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'Main.java'), JAVA)
  await writeFile(join(folder, 'read.py'), PYTHON)
  return folder
}

// With all programs it takes two minutes.
const notOfLarge = process.env.LARGE_ARCHIVES_BY === 'all' ? [] : ['7z', 'bsdtar', 'python3']

/** Makes each program that is installed read an archive. */
async function readByAll (t: Test, format: ArchiveFormat, archive: string, folder: string, except: readonly string[] = []) {
  for (const { program, check } of readers[format.name].filter((reader) => !except.includes(reader.program))) {
    const skip = spawnSync('bash', ['-c', `command -v ${program}`]).status !== 0 && `${program} is not installed`
    await t.test(program, { skip }, async (t) => { await t.resolves(check(archive, folder)) })
  }
}

/** Names of 255 bytes in many scripts, names that Windows reserves, and names that differ by case alone. */
const AWKWARD = [
  'a'.repeat(255), 'é'.repeat(127), 'Ж'.repeat(127), 'ش'.repeat(127), 'ก'.repeat(85), '漢'.repeat(85), '🚀'.repeat(63),
  'CON', 'nul.txt', 'com1', 'a:b', 'a|b?.txt', 'trailing.', 'blank ', '-rf', '--help', ' leading', 'quote"\'`$(x)', 'line\u2028separator',
  'Plot.png', 'plot.png', 'PLOT.PNG', 'plot~2.png', 'é', 'e\u0301', 'x', 'x/y', `deep/${'d/'.repeat(60)}file`, '\u202egnp.exe',
]

for (const format of [zipFormat, tarFormat]) {
  t.test(`${format.name} archives`, async (t) => {
    const folder = await makeFolder(t)

    await t.test('awkward names are read, and unpacked with their contents', async (t) => {
      const files = AWKWARD.map((path, index) => fileInMemory(path, `content ${index}`))
      const { layout, read } = await archiveInMemory(format, files)
      const archive = join(folder, `awkward.${format.name}`)
      await writeFile(archive, await read())
      await readByAll(t, format, archive, folder)
      const target = join(folder, `unpacked-${format.name}`)
      await mkdir(target)
      await run('python3', ['-c', 'import shutil, sys; shutil.unpack_archive(sys.argv[1], sys.argv[2])', archive, target])
      const unpacked = await readdir(target, { recursive: true, withFileTypes: true })
      const names = unpacked.filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(target.length + 1))
      t.same(new Set(names), new Set(files.map((_, index) => layout.entry(index).name)))
      t.equal(new Set(names.map((name) => name.normalize('NFC').toLowerCase())).size, names.length)
      for (let index = 0; index < layout.count; index++) {
        const { content } = files.find(({ objectKey }) => objectKey === layout.file(index).objectKey) ?? {}
        t.same(await readFile(join(target, layout.entry(index).name)), content)
      }
    })

    await t.test('an empty archive', async (t) => {
      const archive = join(folder, `empty.${format.name}`)
      await writeFile(archive, await (await archiveInMemory(format, [])).read())
      // unzip ends with a warning of its own.
      await readByAll(t, format, archive, folder, ['unzip'])
    })

    await t.test('70,000 files', async (t) => {
      const files = Array.from({ length: 70_000 }, (_, index) => fileInMemory(`${index % 100}/${index}`, String(index)))
      const archive = join(folder, `many.${format.name}`)
      await writeFile(archive, await (await archiveInMemory(format, files)).read())
      await readByAll(t, format, archive, folder)
    })

    await t.test('a file over 4 GiB, and one after it', async (t) => {
      const sizes = [4 * 1024 ** 3 + 12_345, 7]
      const files: ArchivedFile[] = sizes.map((sizeBytes, index) => ({ ...fileInMemory(`file ${index}`, ''), sizeBytes }))
      const layout = await layOutArchive(format, files)
      const range = { first: 0, last: layout.sizeBytes - 1 }
      const ahead = new FilesAhead(filePartsOf(layout, range), async (part) => Readable.from(zeros(lengthOf(part))))
      const checksums = new FileChecksums(layout, async () => { throw new Error('Every file passes.') })
      const archive = join(folder, `large.${format.name}`)
      await pipeline(Readable.from(writeRange(layout, range, ahead, checksums)), createWriteStream(archive))
      await readByAll(t, format, archive, folder, notOfLarge)
    })
  })
}

function * zeros (length: number): Generator<Buffer, void, undefined> {
  const block = Buffer.alloc(2 ** 20)
  for (let left = length; left > 0; left -= block.length) yield block.subarray(0, left)
}
