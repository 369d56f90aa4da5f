import t from 'tap'
import { databaseKinds } from '../../support/database.js'
import { fuzzParts } from './fuzz.js'
import { startTarget } from './target.js'

const options = { runs: Number(process.env.FUZZ_RUNS ?? 60), seed: 20261124 }

for (const { kind, skip, create } of databaseKinds) {
  t.test(`with the ${kind} database, whatever is sent to an operation is answered as openapi.yaml says`, { skip }, async (t) => {
    const { url, close } = await create()
    t.teardown(close)
    const target = await startTarget(t, { DATABASE_URL: url })
    for (const { name, run } of await fuzzParts(target, options)) {
      await t.test(name, async (t) => {
        const statuses = await run()
        t.comment(Object.fromEntries(statuses))
        t.ok([...statuses.keys()].some((status) => status < 400), 'requests came through to what the operation does')
        t.ok([...statuses.keys()].some((status) => status >= 400), 'requests were refused')
      })
    }
  })
}
