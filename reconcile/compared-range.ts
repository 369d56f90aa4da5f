import type { OpenRange } from '../db/reconcile/reconciliations.js'
import { compareObjectKeys } from '../objects/key-order.js'

/** A range that is being compared: its beginning moves forward as keys are settled, its end moves back when it is divided. */
export class ComparedRange implements OpenRange {
  /** Everything up to here is settled. */
  startAfter: string
  /** Whether the whole range is settled. */
  isSettled = false
  #through: string | undefined
  #takenThrough: string
  #isEndFixed = false

  constructor ({ startAfter, through }: OpenRange) {
    this.startAfter = startAfter
    this.#through = through
    this.#takenThrough = startAfter
  }

  get through (): string | undefined {
    return this.#through
  }

  /** The last key that has been listed. */
  get takenThrough (): string {
    return this.#takenThrough
  }

  /** Notes that keys up to this one are listed; what follows may still become another range. */
  take (objectKey: string): void {
    this.#takenThrough = objectKey
  }

  /** Notes that everything up to the range's end is listed. */
  takeRest (): void {
    this.#isEndFixed = true
  }

  /** Whether a key belongs to this range, or lies before it. */
  reaches (objectKey: string): boolean {
    return this.#through === undefined || compareObjectKeys(objectKey, this.#through) <= 0
  }

  /**
   * Ends this range with a key, and returns another one with what follows.
   *
   * @returns undefined, and changes nothing, if more has been listed by now
   */
  divide (through: string): ComparedRange | undefined {
    const isPossible = !this.#isEndFixed && compareObjectKeys(through, this.#takenThrough) > 0 && this.reaches(through) &&
      through !== this.#through
    if (!isPossible) return undefined
    const rest = new ComparedRange({ startAfter: through, through: this.#through })
    this.#through = through
    return rest
  }
}
