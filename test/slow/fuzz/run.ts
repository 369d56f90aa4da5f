/* A fuzz run of any length: npm run fuzz -- --runs 10000 --seed 42. Uses the database that DATABASE_URL names, if any. */
import { parseArgs } from 'node:util'
import { fuzzParts } from './fuzz.js'
import { startTarget } from './target.js'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '1000' }, seed: { type: 'string', default: String(Date.now() % 2 ** 31) } },
})
const [runs, seed] = [Number(values.runs), Number(values.seed)]
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) throw new Error('--runs and --seed must be whole numbers.')

const teardowns: Array<() => unknown> = []
const { DATABASE_URL } = process.env
const target = await startTarget(
  { teardown: (teardown) => { teardowns.unshift(teardown) } }, DATABASE_URL === undefined ? {} : { DATABASE_URL })
console.log(`${runs} requests for each operation, seed ${seed}`)
for (const { name, run } of await fuzzParts(target, { runs, seed })) {
  try {
    console.log(name, Object.fromEntries(await run()))
  } catch (error) {
    console.error(name, error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
for (const teardown of teardowns) await teardown()
