/** A value that replaces another while some may still use the old one: both are valid for a time. */
export class Overlap<Value> {
  readonly #overlapMs: number
  #newest: readonly [Value]
  /** The newest first. */
  #older: Array<{ value: Value, untilMs: number }> = []

  /** @param overlapMs for how long an old value remains valid beside the new one */
  constructor (value: Value, overlapMs: number) {
    this.#newest = [value]
    this.#overlapMs = overlapMs
  }

  /** @param nowMs in milliseconds since 1970 */
  replace (value: Value, nowMs: number): void {
    const [replaced] = this.#newest
    this.#older = [{ value: replaced, untilMs: nowMs + this.#overlapMs }, ...this.#older]
    this.#newest = [value]
  }

  /** The values that are valid, the newest first. */
  at (nowMs: number): readonly Value[] {
    if (this.#older.length === 0) return this.#newest
    this.#older = this.#older.filter(({ untilMs }) => untilMs > nowMs)
    return [...this.#newest, ...this.#older.map(({ value }) => value)]
  }
}
