/** The current secrets that all replicas share. */
export interface SealingSecrets {
  /** Seals, and opens. */
  readonly current: string
  /** Only open. When one is added, the list is replaced by a new one. */
  readonly others: readonly string[]
}

/**
 * A secret that changes while replicas run, which do not learn of it at the same time: the new one opens before it seals, and
 * the old one still opens afterwards.
 */
export class RotatingSecrets implements SealingSecrets {
  #current: string
  #others: readonly string[]

  /** @param previous opens what was sealed before `current` replaced it */
  constructor (current: string, previous?: string) {
    this.#current = current
    this.#others = previous === undefined ? [] : [previous]
  }

  get current (): string {
    return this.#current
  }

  get others (): readonly string[] {
    return this.#others
  }

  /** From now on, also opens what is sealed with this secret. */
  accept (secret: string): void {
    if (secret !== this.#current && !this.#others.includes(secret)) this.#others = [secret, ...this.#others]
  }

  /** From now on, seals with this secret; the previous one still opens. */
  sealWith (secret: string): void {
    if (secret === this.#current) return
    this.#others = [this.#current, ...this.#others.filter((other) => other !== secret)]
    this.#current = secret
  }
}
