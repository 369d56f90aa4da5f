/*
 * A part of test/mutants/run.js that Stryker loads: lets only a random sample of all mutants be tried, always the same one for
 * the same seed. Stryker counts the others as mutants that do not compile, and leaves them out of the score.
 */
import { createHash } from 'node:crypto'

class Sample {
  static inject = /** @type {const} */ (['options'])

  /** @param {{ sample: { size: number, seed: string } }} options */
  constructor ({ sample }) {
    this.sample = sample
  }

  async init () {}

  /** @param {Array<{ id: string }>} mutants */
  async group (mutants) {
    return [mutants.map(({ id }) => id)]
  }

  /** @param {Array<{ id: string }>} mutants all of them, since they are one group */
  async check (mutants) {
    const rank = (/** @type {string} */ id) => createHash('sha256').update(`${this.sample.seed} ${id}`).digest('hex')
    const ids = mutants.map(({ id }) => id).sort((one, other) => rank(one) < rank(other) ? -1 : 1)
    const results = ids.map((id, place) => [id, place < this.sample.size ? { status: 'passed' } : { status: 'compileError', reason: 'not in the sample' }])
    return Object.fromEntries(results)
  }
}

export const strykerPlugins = [{ kind: 'Checker', name: 'sample', injectableClass: Sample }]
