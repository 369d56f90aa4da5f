import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { crc32, inflateRawSync } from 'node:zlib'
import type { ArchiveFormat } from '../../archives/archive-format.js'
import { FileChecksums } from '../../archives/checksums.js'
import { FilesAhead } from '../../archives/files-ahead.js'
import { type ArchiveLayout, type ArchivedFile, layOutArchive } from '../../archives/layout.js'
import { type ArchiveRange, checksumsNeededFor, filePartsOf, writeRange } from '../../archives/write-range.js'
import { type ObjectKeyParts, mintObjectKey, pathOf } from '../../objects/object-key.js'
import { member, runId, workflowId } from './service.js'

/** A file whose bytes are in memory. */
export interface FileInMemory extends ArchivedFile {
  content: Buffer
}

/** A file of the usual run. */
export function fileInMemory (path: string, content: Buffer | string, parts: Partial<ObjectKeyParts> = {}): FileInMemory {
  const bytes = Buffer.from(content)
  return {
    objectKey: mintObjectKey({ orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction: 'outputs', path, ...parts }),
    sizeBytes: bytes.length,
    entityTag: `"${crc32(bytes)}"`,
    modifiedAt: new Date('2026-02-03T04:05:06Z'),
    crc32: undefined,
    content: bytes,
  }
}

/** An archive of files whose bytes are in memory. */
export async function archiveInMemory (format: ArchiveFormat, files: readonly FileInMemory[]): Promise<{
  layout: ArchiveLayout
  read: (range?: ArchiveRange) => Promise<Buffer>
  /** Which files were opened only for their checksums. */
  reread: string[]
}> {
  const layout = await layOutArchive(format, files)
  const contents = new Map(files.map(({ objectKey, content }) => [objectKey, content]))
  const contentOf = (index: number) => contents.get(layout.file(index).objectKey) ?? Buffer.alloc(0)
  const reread: string[] = []
  return {
    layout,
    reread,
    read: async (range = { first: 0, last: layout.sizeBytes - 1 }) => {
      const ahead = new FilesAhead(filePartsOf(layout, range), async ({ index, first, last }) =>
        Readable.from(inChunks(contentOf(index).subarray(first, last + 1))))
      const checksums = new FileChecksums(layout, async ({ objectKey }) => {
        reread.push(pathOf(objectKey))
        return crc32(contents.get(objectKey) ?? Buffer.alloc(0))
      })
      checksums.prepare(checksumsNeededFor(layout, range))
      return await buffer(Readable.from(writeRange(layout, range, ahead, checksums), { objectMode: false }))
    },
  }
}

/** Splits bytes into odd lengths, as a network does. */
function * inChunks (bytes: Buffer): Generator<Buffer, void, undefined> {
  for (let at = 0, length = 1; at < bytes.length; at += length, length = length % 30_011 + 7_001) {
    yield bytes.subarray(at, at + length)
  }
}

/** The files of a ZIP archive, by name, as its central directory lists them; checks their CRC-32. */
export function readZip (archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  const end = archive.length - 22
  let at = archive.readUInt32LE(end + 16)
  for (let count = archive.readUInt16LE(end + 10); count > 0; count--) {
    const name = archive.toString('utf8', at + 46, at + 46 + archive.readUInt16LE(at + 28))
    const local = archive.readUInt32LE(at + 42)
    const dataAt = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28)
    const content = inflateRawSync(archive.subarray(dataAt, dataAt + archive.readUInt32LE(at + 20)))
    if (crc32(content) !== archive.readUInt32LE(at + 16)) throw new Error(`${name} has another CRC-32.`)
    files.set(name, content)
    at += 46 + archive.readUInt16LE(at + 28) + archive.readUInt16LE(at + 30)
  }
  return files
}
