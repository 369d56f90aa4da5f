/** A file as it is in an archive. */
export interface ArchiveEntry {
  /** Folders and a name, separated by slashes; unique in the archive. */
  name: string
  sizeBytes: number
  modifiedAt: Date
}

/** A form of archive. Its layout depends only on the names, sizes and times of its files. */
export interface ArchiveFormat {
  /** Its name in requests, and the extension of its files. */
  readonly name: 'zip' | 'tar'
  readonly mediaType: string
  /** Whether it holds a CRC-32 of each file: in what follows the file, and at the end of the archive. */
  readonly hasChecksums: boolean
  /** What precedes a file. */
  header: (entry: ArchiveEntry) => Buffer
  headerLength: (entry: ArchiveEntry) => number
  /** The length of a file of this size as it is written. */
  dataLength: (sizeBytes: number) => number
  /** How many bytes of a file of this size lie before a place in it as it is written. */
  fileOffsetOf: (offset: number, sizeBytes: number) => number
  /**
   * Writes a file's bytes from a place on.
   *
   * @param chunks the file's bytes from `fileOffsetOf(offset)` on
   */
  write: (chunks: AsyncIterable<Buffer>, offset: number, sizeBytes: number) => AsyncIterable<Buffer>
  /** What follows a file. */
  trailer: (entry: ArchiveEntry, crc32: number) => Buffer
  trailerLength: (entry: ArchiveEntry) => number
  /** What follows all files, in pieces that each depend on few of them. */
  end: (directory: DirectoryOfEntries) => Iterable<EndPiece>
}

/** The files of an archive, and where each begins. */
export interface DirectoryOfEntries {
  readonly count: number
  entry: (index: number) => ArchiveEntry
  offset: (index: number) => number
  /** Where the last one ends. */
  readonly endOffset: number
}

/** A piece of an archive's end. */
export interface EndPiece {
  length: number
  /** The file whose CRC-32 is in it. */
  checksumOf?: number
  /** @param crc32 of that file; 0 if there is none */
  bytes: (crc32: number) => Buffer
}

/** A format that keeps a file's bytes as they are. */
export const asStored: Pick<ArchiveFormat, 'dataLength' | 'fileOffsetOf' | 'write'> = {
  dataLength: (sizeBytes) => sizeBytes,
  fileOffsetOf: (offset) => offset,
  write: (chunks) => chunks,
}
