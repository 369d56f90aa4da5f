import type { Readable } from 'node:stream'

/** Part of a file of an archive: some of its bytes, both ends included. */
export interface FilePart {
  index: number
  first: number
  last: number
}

/** A file that was opened before its turn, and what it holds up to the next one. */
interface OpenedPart {
  part: FilePart
  opened: Promise<Readable>
}

const MAX_FILES = 8
/** Bytes that may come before a file that is opened ahead: the store may close one that waits for long. */
const MAX_BYTES_BEFORE = 512 * 1024

/** Opens the files that are to be sent, the next ones ahead of their turn, within bounds. */
export class FilesAhead {
  readonly #parts
  readonly #open
  readonly #queue: OpenedPart[] = []
  #bytesQueued = 0
  #isClosed = false

  /**
   * @param parts in the order in which they are taken
   * @param open the part's bytes; rejects if the file is not what it was
   */
  constructor (parts: Iterable<FilePart>, open: (part: FilePart) => Promise<Readable>) {
    this.#parts = parts[Symbol.iterator]()
    this.#open = open
  }

  /** Opens the first file. */
  async begin (): Promise<void> {
    this.#openNext()
    await this.#queue[0]?.opened
  }

  /** Opens further files if little comes before them. */
  fill (bytesBefore: number): void {
    while (this.#queue.length < MAX_FILES && bytesBefore + this.#bytesQueued <= MAX_BYTES_BEFORE && this.#openNext());
  }

  /** The bytes of the next part; the caller closes them. */
  async take (): Promise<Readable> {
    if (this.#queue.length === 0) this.#openNext()
    const next = this.#queue.shift()
    if (next === undefined) throw new RangeError('There are no more files to send.')
    this.#bytesQueued -= lengthOf(next.part)
    const body = await next.opened
    // The store may have closed it while it waited.
    return body.destroyed ? await this.#open(next.part) : body
  }

  /** Closes what was opened and not taken. */
  close (): void {
    this.#isClosed = true
    for (const { opened } of this.#queue.splice(0)) opened.then((body) => { body.destroy() }, () => {})
  }

  #openNext (): boolean {
    if (this.#isClosed) return false
    const { done, value: part } = this.#parts.next()
    if (done === true) return false
    const opened = this.#open(part)
    // Its failure is met when it is taken.
    opened.then((body) => { body.on('error', () => {}) }, () => {})
    this.#queue.push({ part, opened })
    this.#bytesQueued += lengthOf(part)
    return true
  }
}

/** How many bytes a part has. */
export function lengthOf ({ first, last }: Pick<FilePart, 'first' | 'last'>): number {
  return last - first + 1
}
