import type { ArchiveFormat } from './archive-format.js'

/** The most bytes in a stored block, whose length has 16 bits (RFC 1951, 3.2.4). */
const BLOCK_BYTES = 65_535
/** Whether it is the last block and that it is stored, then the length, twice. */
const BLOCK_HEADER_BYTES = 5
const WRITTEN_BLOCK_BYTES = BLOCK_HEADER_BYTES + BLOCK_BYTES

/**
 * Deflate without compression (RFC 1951, 3.2.4): a decompressor finds the end of the data by itself, so that neither size nor
 * CRC-32 needs to be known where it begins.
 */
export const storedBlocks: Pick<ArchiveFormat, 'dataLength' | 'fileOffsetOf' | 'write'> = {
  dataLength: (sizeBytes) => sizeBytes + BLOCK_HEADER_BYTES * blockCount(sizeBytes),
  fileOffsetOf: (offset, sizeBytes) => {
    const { block, within } = placeOf(offset)
    return Math.min(sizeBytes, block * BLOCK_BYTES + Math.max(0, within - BLOCK_HEADER_BYTES))
  },
  write: writeBlocks,
}

async function * writeBlocks (
  chunks: AsyncIterable<Buffer>, offset: number, sizeBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  const start = placeOf(offset)
  let { block } = start
  // What is left of the block before another header is due.
  let left = 0
  const nextHeader = () => {
    left = BLOCK_BYTES
    return blockHeader(block++, sizeBytes)
  }
  if (start.within > 0) {
    const header = nextHeader()
    if (start.within < BLOCK_HEADER_BYTES) yield header.subarray(start.within)
    else left = WRITTEN_BLOCK_BYTES - start.within
  }
  for await (const chunk of chunks) {
    const pieces: Buffer[] = []
    for (let at = 0; at < chunk.length;) {
      if (left === 0) pieces.push(nextHeader())
      const piece = chunk.subarray(at, at + left)
      pieces.push(piece)
      at += piece.length
      left -= piece.length
    }
    const [only = chunk] = pieces
    // Written at once: a header of its own would be a write of five bytes.
    yield pieces.length === 1 ? only : Buffer.concat(pieces)
  }
  // The header of an empty file's only block, or of a block that the requested range ends with.
  if (left === 0 && block < blockCount(sizeBytes)) yield nextHeader()
}

function blockHeader (block: number, sizeBytes: number): Buffer {
  const length = Math.min(BLOCK_BYTES, sizeBytes - block * BLOCK_BYTES)
  const header = Buffer.allocUnsafe(BLOCK_HEADER_BYTES)
  header.writeUInt8(block === blockCount(sizeBytes) - 1 ? 1 : 0, 0)
  header.writeUInt16LE(length, 1)
  header.writeUInt16LE(~length & 0xffff, 3)
  return header
}

/** An empty file is one empty block. */
function blockCount (sizeBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / BLOCK_BYTES))
}

function placeOf (offset: number): { block: number, within: number } {
  const block = Math.floor(offset / WRITTEN_BLOCK_BYTES)
  return { block, within: offset - block * WRITTEN_BLOCK_BYTES }
}
