import t, { type Test } from 'tap'
import { readLastReconciliation } from '../../../db/reconcile/reconciliations.js'
import { auditSums } from '../../../db/usage/audit.js'
import type { ReconcileRequest } from '../../../reconcile/run.js'
import { DisorderedListingError } from '../../../store/distinct-keys.js'
import { startListingServer } from '../../support/listing-server.js'
import { admin, startService } from '../../support/service.js'

const id = '00000000-0000-4000-8000-000000000001'
const keyOf = (orgKey: string, index: number) =>
  `${orgKey}/workflows/${id}/runs/${id}/users/${id}/outputs/AAAAAAAAAAAAAAAAAA${String(index).padStart(4, '0')}/secret.txt`
const keysOf = (orgKey: string, count: number) => Array.from({ length: count }, (_, index) => keyOf(orgKey, index))

async function startOn (t: Test, keys: string[]) {
  const store = await startListingServer(t, keys)
  const { app, log, authorise } = await startService(t, store.environment)
  const usage = async (orgKey: string) =>
    (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise({ ...admin, orgKey }) })).json()
  return {
    app,
    store,
    log,
    usage,
    fileCount: async (orgKey: string) => (await usage(orgKey)).fileCount,
    run: async (request: Partial<ReconcileRequest> = {}) => await (await app.reconciliation.start({ prefix: '', ...request }))?.done,
    last: async () => await readLastReconciliation(app.database, ''),
  }
}

for (const parallel of [1, 4]) {
  t.test(`a store that lists one organisation after the other in another order is reconciled whole, in ${parallel} ranges at once`, async (t) => {
    // Like a store that walks through folders: `-` sorts before `/`.
    const keys = [...keysOf('acme', 1_100), ...keysOf('acme-eu', 1_100), 'notes.txt', ...keysOf('zulu', 1)]
    const { app, run, fileCount, last, usage } = await startOn(t, keys)
    t.match(await run({ dryRun: true, parallel }), { addedCount: 2_201, listedCount: 2_201, disorderedOrgKeys: [] })
    const first = await run({ parallel })
    t.match(first, { listedCount: 2_201, addedCount: 2_201, removedCount: 0, disorderedOrgKeys: [] })
    t.match(await last(), { status: 'complete', checkpoint: '' })
    keys.splice(keys.indexOf(keyOf('acme-eu', 7)), 1)
    t.match(await run({ parallel }), { addedCount: 0, removedCount: 1 })
    for (const [orgKey, count] of [['acme', 1_100], ['acme-eu', 1_099], ['zulu', 1]] as const) {
      t.equal(await fileCount(orgKey), count, orgKey)
      t.ok((await usage(orgKey)).reconciledAt)
    }
    t.strictSame(await auditSums(app.database), [])
  })
}

for (const parallel of [1, 4]) {
  t.test(`an organisation whose own keys are not listed in order is left out and named; the others are compared, in ${parallel} ranges at once`, async (t) => {
    const bad = keysOf('bad', 3)
    const keys = [...keysOf('acme', 2), ...bad, ...keysOf('zulu', 2)]
    const { app, run, log, fileCount, last, usage } = await startOn(t, keys)
    await run({ parallel })
    // Two keys changed places, and one file of each organisation is gone.
    keys.splice(0, keys.length, keyOf('acme', 1), keyOf('bad', 2), keyOf('bad', 1), keyOf('zulu', 1))
    const { reconciledAt: before } = await usage('bad')
    t.match(await run({ parallel }), { removedCount: 2, disorderedOrgKeys: ['bad'] })
    t.strictSame([await fileCount('acme'), await fileCount('bad'), await fileCount('zulu')], [1, 3, 1])
    const { startedAt } = await last() ?? {}
    t.match(await last(), { status: 'complete', disorderedOrgKeys: ['bad'] })
    t.equal((await usage('acme')).reconciledAt, startedAt?.toISOString())
    t.equal((await usage('bad')).reconciledAt, before, 'what was not compared does not count as reconciled')
    t.match(await app.metrics.metrics(), /^objects_storage_reconcile_disordered_total 1$/m)
    const warning = log.find((line) => line.includes('listing_disordered')) ?? ''
    t.match(JSON.parse(warning), { level: 40, reason: 'listing_disordered', orgKeys: ['bad'], msg: /check the bucket's index/ })
    t.notMatch(log.join(''), 'secret.txt')

    await t.rejects(run({ prefix: 'bad/', parallel }), DisorderedListingError)
    t.match(await readLastReconciliation(app.database, 'bad/'), { status: 'failed', failure: /its keys are not in order/ })
    t.equal(await fileCount('bad'), 3)
    keys.reverse()
    keys.sort()
    t.match(await run({ parallel }), { removedCount: 1, disorderedOrgKeys: [] }, 'once it is repaired')
    t.equal(await fileCount('bad'), 2)
  })
}

t.test('stopped between two organisations, it continues there, and remembers which were left out', async (t) => {
  const keys = [...keysOf('acme', 1_500), keyOf('bad', 2), keyOf('bad', 1), ...keysOf('zulu', 2_500)]
  const { run, store, last, fileCount } = await startOn(t, keys)
  const stop = new AbortController()
  await t.rejects(run({
    signal: stop.signal,
    // All of `acme`, and one page of `zulu`.
    onProgress: ({ listedCount }) => { if (listedCount > 1_500) stop.abort(new Error('enough')) },
  }))
  t.match(await last(), { status: 'interrupted', isByOrganisation: true, disorderedOrgKeys: ['bad'], checkpoint: /^zulu\// })
  const begunBefore = store.begun.length
  t.match(await run(), { addedCount: 4_000, disorderedOrgKeys: ['bad'] })
  t.equal(store.begun.length, begunBefore + 1, 'only what was left is listed')
  t.match(await last(), { status: 'complete' })
  t.strictSame([await fileCount('acme'), await fileCount('bad'), await fileCount('zulu')], [1_500, 0, 2_500])
})

t.test('if no organisation is listed in order, it fails as the bucket does, and the next run starts over', async (t) => {
  const keys = [keyOf('acme', 1), keyOf('acme', 0), keyOf('zulu', 1), keyOf('zulu', 0)]
  const { run, last, fileCount } = await startOn(t, keys)
  await t.rejects(run(), DisorderedListingError)
  t.match(await last(), { status: 'failed', failure: /Directory buckets/, checkpoint: '', isByOrganisation: false, disorderedOrgKeys: [] })
  await t.rejects(run({ dryRun: true }), DisorderedListingError)
  keys.sort()
  t.match(await run(), { addedCount: 4, disorderedOrgKeys: [] })
  t.strictSame([await fileCount('acme'), await fileCount('zulu')], [2, 2])
})
