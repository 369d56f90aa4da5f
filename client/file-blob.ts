import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { ReadableStream } from 'node:stream/web'

/** A file on this machine, as it was when it was found. */
export interface FoundFile {
  /** Without symbolic links. */
  location: string
  sizeBytes: number
  /** In milliseconds since 1970. */
  modifiedMs: number
}

const CHUNK_BYTES = 65_536

/**
 * A file as a Blob that is read while it is sent, in constant memory. Node.js 20's own (`fs.openAsBlob`) ends after 2 GiB.
 * Reading fails if the file no longer has the size and time that it had when it was found.
 */
export class FileBlob extends Blob {
  declare readonly size: number
  readonly name: string
  readonly lastModified: number
  readonly #file
  readonly #start

  /** @param described its name, by default the last part of its location, and its media type, if known */
  constructor (file: FoundFile, described: { name?: string, type?: string } = {}, start = 0, end = file.sizeBytes) {
    const { name = basename(file.location), type = '' } = described
    super([], { type })
    this.#file = file
    this.#start = start
    this.name = name
    this.lastModified = file.modifiedMs
    // The superclass has a getter for it.
    Object.defineProperty(this, 'size', { value: end - start })
  }

  /** @param start in bytes; not negative, as those of Blobs may be */
  override slice (start = 0, end = this.size): Blob {
    const from = Math.min(start, this.size)
    return new FileBlob(this.#file, this, this.#start + from, this.#start + Math.max(from, Math.min(end, this.size)))
  }

  /** The type depends on where this is compiled: Node.js and the DOM library declare Blob's streams differently. */
  override stream (): ReturnType<Blob['stream']> {
    const bytes = readBytes(this.#file, this.#start, this.#start + this.size)
    return new ReadableStream({
      async pull (controller) {
        const { done, value } = await bytes.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
      async cancel () { await bytes.return(undefined) },
    }, { highWaterMark: 0 })
  }

  override async arrayBuffer (): Promise<ArrayBuffer> {
    return await new Response(this.stream()).arrayBuffer()
  }

  override async text (): Promise<string> {
    return await new Response(this.stream()).text()
  }
}

async function * readBytes (
  { location, sizeBytes, modifiedMs }: FoundFile, start: number, end: number,
): AsyncGenerator<Uint8Array, undefined, undefined> {
  // The file was found at a path without symbolic links, so none is followed. Windows has no such flag.
  const handle = await open(location, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  try {
    const stats = await handle.stat()
    if (stats.size !== sizeBytes || stats.mtimeMs !== modifiedMs) throw new Error('The file has changed.')
    for (let at = start; at < end;) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - at)), { position: at })
      if (bytesRead === 0) throw new Error('The file has become shorter.')
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}
