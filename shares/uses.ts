/** How often a share link was used since its count was last written. */
export interface ShareUses {
  id: string
  count: number
  lastUsedMs: number
}

/** Beyond this, uses of further links are not counted until the others are written, so that memory is bounded. */
const MAX_IDS = 100_000

/** Counts the uses of share links until they are written. */
export class ShareUseCounter {
  #uses = new Map<string, ShareUses>()

  count (id: string, nowMs: number): void {
    this.#add({ id, count: 1, lastUsedMs: nowMs })
  }

  /** Everything counted so far; counting then starts again at zero. */
  take (): ShareUses[] {
    const taken = [...this.#uses.values()]
    this.#uses = new Map()
    return taken
  }

  /** Adds counts again that were taken but could not be written. */
  putBack (uses: readonly ShareUses[]): void {
    for (const each of uses) this.#add(each)
  }

  #add ({ id, count, lastUsedMs }: ShareUses): void {
    const known = this.#uses.get(id)
    if (known !== undefined) {
      known.count += count
      known.lastUsedMs = Math.max(known.lastUsedMs, lastUsedMs)
    } else if (this.#uses.size < MAX_IDS) this.#uses.set(id, { id, count, lastUsedMs })
  }
}
