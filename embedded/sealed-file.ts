import { randomUUID } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'

/*
 * A sealed file holds an object's bytes from offset 0 on, and behind them its metadata: JSON, the JSON's length in four
 * bytes, a mark of eight. It is written under a temporary name and renamed, so that at any moment a name leads to one
 * version's bytes and metadata, or to another's, and never to a mix, whenever the process is killed.
 *
 * Nothing is flushed to the disk (fsync): a killed process loses nothing that way, only a power cut may take the latest
 * writes, and what it leaves torn has no valid end and counts as absent. The embedded store is for one machine without
 * configuration; there the speed of many small uploads is worth more.
 */

const MARK = Buffer.from('OBJSEAL1')
const TAIL_BYTES = 4 + MARK.length
/** Holds nearly every metadata, so that one read finds it. */
const FIRST_READ_BYTES = 2048

/** What is kept of a file besides its bytes. */
export interface SealedMetadata {
  /** Of the object, or of the multipart upload that a part belongs to. */
  objectKey: string
  /** Without quotes. */
  etag: string
  lastModifiedMs: number
  /** Response headers, names in lower case. */
  headers: Record<string, string>
}

/** A sealed file that is open for reading; whoever opened it closes the handle. */
export interface OpenSealedFile {
  handle: FileHandle
  metadata: SealedMetadata
  /** Of the object's bytes, which begin at offset 0. */
  sizeBytes: number
}

/** A file that is being written and has no name yet that anyone reads. */
export class PendingFile {
  readonly #path: string
  readonly #handle: FileHandle
  #sizeBytes = 0

  private constructor (path: string, handle: FileHandle) {
    this.#path = path
    this.#handle = handle
  }

  /** @param folder for temporary files, in the same file system as where the file is going */
  static async create (folder: string): Promise<PendingFile> {
    const path = join(folder, randomUUID())
    return new PendingFile(path, await open(path, 'wx'))
  }

  get sizeBytes (): number {
    return this.#sizeBytes
  }

  async write (chunk: Buffer): Promise<void> {
    // Unlike `write`, this continues where a write was short.
    await this.#handle.writeFile(chunk)
    this.#sizeBytes += chunk.length
  }

  /**
   * Adds the metadata and gives the file its name, replacing what had it. It is synchronous, so that a caller can change
   * the file and what it knows about it in one step that no other request sees half done.
   */
  seal (path: string, metadata: SealedMetadata): void {
    const json = Buffer.from(JSON.stringify({ ...metadata, sizeBytes: this.#sizeBytes }))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(json.length)
    writeFileSync(this.#handle.fd, Buffer.concat([json, length, MARK]))
    renameSync(this.#path, path)
  }

  /** Closes the file, and removes it unless it was sealed. To be called once in any case. */
  async close (): Promise<void> {
    await this.#handle.close()
    await rm(this.#path, { force: true })
  }
}

/**
 * Opens a sealed file. It stays readable as it is while another takes its name or it is deleted.
 *
 * @returns undefined where there is none, or it is torn
 */
export async function openSealedFile (path: string): Promise<OpenSealedFile | undefined> {
  let handle
  try {
    handle = await open(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  try {
    const sealed = await readSeal(handle)
    if (sealed !== undefined) return { handle, ...sealed }
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return undefined
}

async function readSeal (handle: FileHandle): Promise<Omit<OpenSealedFile, 'handle'> | undefined> {
  const { size } = await handle.stat()
  let end = await readEnd(handle, size, FIRST_READ_BYTES)
  if (end.length < TAIL_BYTES || !end.subarray(-MARK.length).equals(MARK)) return undefined
  const sealBytes = end.readUInt32BE(end.length - TAIL_BYTES) + TAIL_BYTES
  if (sealBytes > size) return undefined
  if (sealBytes > end.length) end = await readEnd(handle, size, sealBytes)
  const { sizeBytes, ...metadata }: SealedMetadata & { sizeBytes: number } =
    JSON.parse(end.subarray(end.length - sealBytes, end.length - TAIL_BYTES).toString())
  return sizeBytes + sealBytes === size ? { metadata, sizeBytes } : undefined
}

async function readEnd (handle: FileHandle, fileSize: number, maxBytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.min(fileSize, maxBytes))
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, fileSize - buffer.length)
  return buffer.subarray(0, bytesRead)
}
