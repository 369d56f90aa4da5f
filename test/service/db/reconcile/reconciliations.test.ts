import { sql } from 'kysely'
import t from 'tap'
import { LeaseLostError, takeLease } from '../../../../db/leases.js'
import {
  type ReconcileCounts, beginReconciliation, endReconciliation, readLastReconciliation, saveProgress, wasReconciledWithin,
} from '../../../../db/reconcile/reconciliations.js'
import { noCounts } from '../../../../reconcile/counts.js'
import { emptyTables } from '../../../support/database.js'
import { databaseKindsAndRole } from '../../../support/role-database.js'

for (const { name, skip, create } of databaseKindsAndRole) {
  t.test(`runs written down in ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))
    const take = async () => {
      await sql`update leases set expires_at = clock_timestamp()`.execute(database)
      const lease = await takeLease(database, 'reconcile/acme')
      if (lease === undefined) throw new Error('It was not taken.')
      t.teardown(() => lease.release())
      return lease
    }
    const begin = async (restart = false) => {
      const lease = await take()
      return { lease, run: await beginReconciliation(database, lease, 'acme/', { restart }) }
    }
    const counts: ReconcileCounts = { ...noCounts, listedCount: 7 }
    const byOrganisation = { openRanges: [], isByOrganisation: true, disorderedOrgKeys: ['one', 'two'] }
    const makeOlder = async (interval: string) => {
      await sql`update reconciliations set started_at = started_at - ${interval}::interval, updated_at = updated_at - ${interval}::interval`
        .execute(database)
    }

    t.test('a run that lost its lease writes nothing more, and the next one continues from what it had written', async (t) => {
      const first = await begin()
      await saveProgress(database, first.lease, first.run.id, { checkpoint: 'acme/m', counts, ...byOrganisation })
      const second = await begin()
      t.match(second.run, { id: first.run.id, status: 'running', checkpoint: 'acme/m', counts, ...byOrganisation })
      await t.rejects(saveProgress(database, first.lease, first.run.id, { ...byOrganisation, checkpoint: 'acme/z', counts: noCounts }), LeaseLostError)
      const end = { status: 'complete', checkpoint: 'acme/z', openRanges: [], counts, isByOrganisation: false, disorderedOrgKeys: [] } as const
      await t.rejects(endReconciliation(database, first.lease, first.run.id, end), LeaseLostError)
      await t.rejects(beginReconciliation(database, first.lease, 'acme/', { restart: true }), LeaseLostError)
      t.match(await readLastReconciliation(database, 'acme/'), { status: 'running', checkpoint: 'acme/m', counts, finishedAt: null })
      await endReconciliation(database, second.lease, second.run.id, end)
      t.match(await readLastReconciliation(database, 'acme/'), { status: 'complete', checkpoint: '', finishedAt: Date })
    })

    t.test('what several ranges have left is kept, until a build that knows of none goes on with the run', async (t) => {
      const openRanges = [{ startAfter: 'acme/m', through: 'acme/\u{10348} "n"' }, { startAfter: 'acme/\u{10348} "q"', through: undefined }]
      const first = await begin()
      t.strictSame(first.run.openRanges, [])
      const progress = { checkpoint: 'acme/m', openRanges, counts, isByOrganisation: false, disorderedOrgKeys: [] }
      await saveProgress(database, first.lease, first.run.id, progress)
      t.strictSame((await begin()).run.openRanges, openRanges)
      const third = await begin()
      t.strictSame(third.run.openRanges, openRanges, 'also where the last run had not saved anything')
      await sql`
        update reconciliations set checkpoint = 'acme/p', updated_at = clock_timestamp() where id = ${third.run.id}`.execute(database)
      t.match((await begin()).run, { checkpoint: 'acme/p', openRanges: [] })
      const { lease, run } = await begin()
      await saveProgress(database, lease, run.id, progress)
      await endReconciliation(database, lease, run.id, { ...progress, openRanges: [], status: 'complete' })
      t.strictSame((await readLastReconciliation(database, 'acme/'))?.openRanges, [])
    })

    t.test('by the database\'s clock, a run is silent after a minute, and too old to go on from after a day', async (t) => {
      const { lease, run } = await begin()
      await saveProgress(database, lease, run.id, { checkpoint: 'acme/m', counts, ...byOrganisation })
      await makeOlder('50 seconds')
      t.match(await readLastReconciliation(database, 'acme/'), { status: 'running' })
      await makeOlder('20 seconds')
      t.match(await readLastReconciliation(database, 'acme/'), { status: 'interrupted' })
      await makeOlder('23 hours')
      t.match((await begin()).run, { id: run.id, checkpoint: 'acme/m' })
      await makeOlder('25 hours')
      t.match((await begin()).run, { checkpoint: '', counts: noCounts })
    })

    t.test('a recent complete run is known, by the database\'s clock', async (t) => {
      const { lease, run } = await begin()
      t.equal(await wasReconciledWithin(database, 'acme/', 30_000), false)
      await endReconciliation(database, lease, run.id, { status: 'complete', checkpoint: '', counts, ...byOrganisation })
      t.equal(await wasReconciledWithin(database, 'acme/', 30_000), true)
      t.not((await begin()).run.id, run.id, 'one that is complete is not gone on with')
      await sql`delete from reconciliations where id <> ${run.id}`.execute(database)
      t.equal(await wasReconciledWithin(database, '', 30_000), false)
      await makeOlder('31 seconds')
      t.equal(await wasReconciledWithin(database, 'acme/', 30_000), false)
    })
  })
}
