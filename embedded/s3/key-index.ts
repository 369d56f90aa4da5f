import { compareObjectKeys } from '../../objects/key-order.js'

/** What a listing says about an object. */
export interface IndexEntry {
  objectKey: string
  sizeBytes: number
  /** Without quotes. */
  etag: string
  lastModifiedMs: number
}

const CHUNK_MAX_ENTRIES = 1024

/**
 * The objects of a bucket in memory, in listing order. A sorted list in chunks: finding takes two binary searches, and changing
 * moves the entries of one chunk at most.
 */
export class KeyIndex {
  /** No chunk is empty. */
  readonly #chunks: IndexEntry[][] = []

  /** @param entries in any order, each key once */
  constructor (entries: IndexEntry[] = []) {
    const sorted = entries.toSorted((a, b) => compareObjectKeys(a.objectKey, b.objectKey))
    for (let start = 0; start < sorted.length; start += CHUNK_MAX_ENTRIES / 2) {
      this.#chunks.push(sorted.slice(start, start + CHUNK_MAX_ENTRIES / 2))
    }
  }

  get (objectKey: string): IndexEntry | undefined {
    const entry = this.from((key) => compareObjectKeys(key, objectKey) >= 0).next().value
    return entry?.objectKey === objectKey ? entry : undefined
  }

  /** Adds an entry, or replaces the one with its key. */
  set (entry: IndexEntry): void {
    const [chunkIndex, index] = this.#find((key) => compareObjectKeys(key, entry.objectKey) >= 0)
    const chunk = this.#chunks[chunkIndex] ?? this.#chunks.at(-1)
    if (chunk === undefined) {
      this.#chunks.push([entry])
      return
    }
    const isPastEnd = this.#chunks[chunkIndex] === undefined
    const replaced = !isPastEnd && chunk[index]?.objectKey === entry.objectKey ? 1 : 0
    chunk.splice(isPastEnd ? chunk.length : index, replaced, entry)
    if (chunk.length > CHUNK_MAX_ENTRIES) {
      this.#chunks.splice(Math.min(chunkIndex, this.#chunks.length - 1) + 1, 0, chunk.splice(CHUNK_MAX_ENTRIES / 2))
    }
  }

  /** @returns whether the key was there */
  delete (objectKey: string): boolean {
    const [chunkIndex, index] = this.#find((key) => compareObjectKeys(key, objectKey) >= 0)
    const chunk = this.#chunks[chunkIndex]
    if (chunk?.[index]?.objectKey !== objectKey) return false
    chunk.splice(index, 1)
    if (chunk.length === 0) this.#chunks.splice(chunkIndex, 1)
    return true
  }

  /**
   * The entries in order, from the first key past a bound. The index must not change while it is iterated.
   *
   * @param isPast false for every key before the bound, true for every key from it on
   */
  * from (isPast: (objectKey: string) => boolean): Generator<IndexEntry, undefined> {
    const [first, start] = this.#find(isPast)
    for (let chunkIndex = first; chunkIndex < this.#chunks.length; chunkIndex++) {
      const chunk = this.#chunks[chunkIndex] ?? []
      for (let index = chunkIndex === first ? start : 0; index < chunk.length; index++) {
        const entry = chunk[index]
        if (entry !== undefined) yield entry
      }
    }
  }

  #find (isPast: (objectKey: string) => boolean): [chunkIndex: number, index: number] {
    const chunkIndex = firstIndex(this.#chunks, (chunk) => isPast(chunk.at(-1)?.objectKey ?? ''))
    return [chunkIndex, firstIndex(this.#chunks[chunkIndex] ?? [], (entry) => isPast(entry.objectKey))]
  }
}

/**
 * The index of the first item for which the test holds; it must hold for all later ones too. The length if it holds for none.
 */
function firstIndex<Item> (items: Item[], test: (item: Item) => boolean): number {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = items[middle]
    if (item !== undefined && test(item)) high = middle
    else low = middle + 1
  }
  return low
}
