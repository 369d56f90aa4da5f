/** How many files may be read at once for their checksums alone. */
const CONCURRENCY = 4

/** The CRC-32 of each file of an archive: known before, computed as its bytes pass, or asked for. */
export class FileChecksums {
  readonly #values: Uint32Array
  readonly #isKnown: Uint8Array
  readonly #pending = new Map<number, Promise<number>>()
  readonly #compute

  /**
   * @param known of each file; undefined if it is not known
   * @param compute finds out one that is not
   */
  constructor (known: ReadonlyArray<number | undefined>, compute: (index: number) => Promise<number>) {
    this.#values = Uint32Array.from(known, (value) => value ?? 0)
    this.#isKnown = Uint8Array.from(known, (value) => value === undefined ? 0 : 1)
    this.#compute = compute
  }

  isKnown (index: number): boolean {
    return this.#isKnown[index] === 1
  }

  /** Takes note of one that was computed. */
  note (index: number, crc32: number): void {
    this.#values[index] = crc32
    this.#isKnown[index] = 1
  }

  /** @throws like `compute` */
  async of (index: number): Promise<number> {
    if (this.isKnown(index)) return this.#values[index] ?? 0
    const pending = this.#pending.get(index) ?? this.#begin(index)
    return await pending
  }

  /** Finds out those of some files, a few at a time, before they are asked for. What fails is tried again then. */
  prepare (indexes: Iterable<number>): void {
    const rest = indexes[Symbol.iterator]()
    const work = async () => {
      for (let next = rest.next(); next.done !== true; next = rest.next()) {
        if (!this.isKnown(next.value)) await this.#begin(next.value)
      }
    }
    // A worker that fails ends: the others and whoever asks meet the same fault.
    for (let worker = 0; worker < CONCURRENCY; worker++) work().catch(() => {})
  }

  #begin (index: number): Promise<number> {
    const computing = this.#compute(index).then((crc32) => {
      this.note(index, crc32)
      return crc32
    }).finally(() => { this.#pending.delete(index) })
    this.#pending.set(index, computing)
    return computing
  }
}
