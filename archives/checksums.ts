import type { ArchivedFile, ArchiveLayout } from './layout.js'

/** How many files may be read at once only for their checksums. */
const CONCURRENCY = 4

/** The CRC-32 of each file of an archive: known before, computed as its bytes pass, or asked for. */
export class FileChecksums {
  readonly #values: Uint32Array
  readonly #isKnown: Uint8Array
  readonly #pending = new Map<number, Promise<number>>()
  readonly #layout
  readonly #compute

  /** @param compute finds out a file's checksum if it is not known */
  constructor (layout: Pick<ArchiveLayout, 'count' | 'file'>, compute: (file: ArchivedFile) => Promise<number>) {
    this.#values = new Uint32Array(layout.count)
    this.#isKnown = new Uint8Array(layout.count)
    this.#layout = layout
    this.#compute = compute
    for (let index = 0; index < layout.count; index++) {
      const { sizeBytes, crc32 } = layout.file(index)
      // The checksum of no bytes is 0.
      if (sizeBytes === 0 || crc32 !== undefined) this.note(index, crc32 ?? 0)
    }
  }

  /** A file's checksum; undefined if it has to be found out. */
  known (index: number): number | undefined {
    return this.#isKnown[index] === 1 ? this.#values[index] : undefined
  }

  /** Records a computed checksum. */
  note (index: number, crc32: number): void {
    this.#values[index] = crc32
    this.#isKnown[index] = 1
  }

  /** @throws like `compute` */
  async of (index: number): Promise<number> {
    return this.known(index) ?? await (this.#pending.get(index) ?? this.#begin(index))
  }

  /**
   * Finds out the checksums of some files, a few at a time, before they are asked for. If one fails, it is tried again then.
   */
  prepare (indexes: Iterable<number>): void {
    const rest = indexes[Symbol.iterator]()
    const work = async () => {
      for (let next = rest.next(); next.done !== true; next = rest.next()) {
        if (this.known(next.value) === undefined) await this.#begin(next.value)
      }
    }
    // A worker that fails ends: the others, and callers of `of`, will see the error themselves.
    for (let worker = 0; worker < CONCURRENCY; worker++) work().catch(() => {})
  }

  #begin (index: number): Promise<number> {
    const computing = this.#compute(this.#layout.file(index)).then((crc32) => {
      this.note(index, crc32)
      return crc32
    }).finally(() => { this.#pending.delete(index) })
    this.#pending.set(index, computing)
    return computing
  }
}
