import { setTimeout } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import t from 'tap'
import { sqlState } from '../../../db/connection/sql-state.js'
import type { Database } from '../../../db/connection/tables.js'
import { type Lease, LeaseLostError, inTransactionUnder, takeLease } from '../../../db/leases.js'
import { databaseKinds, emptyTables } from '../../support/database.js'

const brief = { durationMs: 1_500, renewEveryMs: 60_000 }
const endLease = async (database: Kysely<Database>, name: string) => {
  await sql`update leases set expires_at = clock_timestamp() where name = ${name}`.execute(database)
}

for (const { kind, skip, create } of databaseKinds) {
  t.test(`leases on ${kind === 'embedded' ? 'the embedded database' : 'a PostgreSQL server'}`, { skip }, async (t) => {
    const { database, connect, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))

    t.test('one at a time has a lease, and its token grows', async (t) => {
      const first = await takeLease(database, 'work')
      t.equal(await takeLease(connect(), 'work'), undefined)
      t.ok(await takeLease(database, 'other-work').then((other) => other?.release().then(() => true)))
      await first?.release()
      const second = await takeLease(database, 'work')
      t.ok((second?.token ?? 0n) > (first?.token ?? 0n))
      t.not(second?.holder, first?.holder)
      await first?.release()
      t.equal(await takeLease(database, 'work'), undefined, 'who has lost it cannot release it')
      await second?.release()
    })

    t.test('a lease of all excludes one of a part, and the other way round; parts do not exclude each other', async (t) => {
      const acme = await takeLease(database, 'reconcile/acme')
      const other = await takeLease(database, 'reconcile/other')
      t.ok(acme)
      t.ok(other)
      t.equal(await takeLease(database, 'reconcile'), undefined)
      await acme?.release()
      t.equal(await takeLease(database, 'reconcile'), undefined)
      await other?.release()
      const all = await takeLease(database, 'reconcile')
      t.ok(all)
      t.equal(await takeLease(database, 'reconcile/acme'), undefined)
      t.ok(await takeLease(database, 'reconcile-more').then((more) => more?.release().then(() => true)), 'a longer name is not part of it')
      await all?.release()
      await (await takeLease(database, 'reconcile/acme'))?.release()
    })

    t.test('a lease that is not renewed ends by the database\'s clock; its holder hears of it and writes nothing more', async (t) => {
      const lease = await takeLease(database, 'work', brief)
      if (lease === undefined) throw new Error('It was not taken.')
      const name = async () => await inTransactionUnder(database, lease, async (transaction) => {
        await transaction.insertInto('workflows').values({ org_key: 'acme', workflow_id: '00000000-0000-4000-8000-000000000001', name: 'a' })
          .onConflict((conflict) => conflict.doNothing()).execute()
      })
      await name()
      t.notOk(lease.lost.aborted)
      await setTimeout(brief.durationMs)
      t.ok(lease.lost.aborted)
      t.type(lease.lost.reason, LeaseLostError)
      await sql`truncate workflows`.execute(database)
      await t.rejects(name(), LeaseLostError)
      const next = await takeLease(database, 'work')
      t.ok(next)
      await t.rejects(name(), LeaseLostError)
      t.strictSame(await database.selectFrom('workflows').select('name').execute(), [])
      await next?.release()
    })

    t.test('a lease that is renewed is kept, and one that was taken away is lost at the next renewal', async (t) => {
      const lease = await takeLease(database, 'reconcile/acme', { durationMs: 3_000, renewEveryMs: 100 })
      await setTimeout(4_000)
      t.equal(lease?.lost.aborted, false)
      t.equal(await takeLease(database, 'reconcile/acme'), undefined)
      await endLease(database, 'reconcile/acme')
      const next = await takeLease(database, 'reconcile')
      t.ok(next)
      while (lease?.lost.aborted === false) await setTimeout(10)
      await lease?.release()
      t.equal(await takeLease(database, 'reconcile/acme'), undefined)
      await next?.release()
    })

    t.test('however many try at once and from wherever, no two that exclude each other are held', async (t) => {
      const pools = [connect(), connect(), connect(), connect()]
      const held = new Set<string>()
      const taken = { all: 0, one: 0 }
      const wanted = { all: 5, one: 60 }
      const excludes = (one: string, other: string) => one === other || one === 'reconcile' || other === 'reconcile'
      // Nobody stops before both kinds were taken often enough, however the random choices fall.
      const nextName = () => {
        const isAll = taken.one >= wanted.one || (taken.all < wanted.all && Math.random() < 0.3)
        return isAll ? 'reconcile' : `reconcile/org-${Math.floor(Math.random() * 5)}`
      }
      const takeAndRelease = async (index: number) => {
        const pool = pools[index % pools.length] ?? database
        while (taken.all < wanted.all || taken.one < wanted.one) {
          const name = nextName()
          const lease: Lease | undefined = await takeLease(pool, name).catch(ifTimedOut)
          if (lease === undefined) {
            await setTimeout(Math.random() * 5)
            continue
          }
          t.notOk([...held].some((other) => excludes(name, other)), `${name} beside ${[...held].join()}`)
          held.add(name)
          taken[name === 'reconcile' ? 'all' : 'one']++
          await setTimeout(Math.random() * 5)
          held.delete(name)
          await lease.release()
        }
      }
      await Promise.all(Array.from({ length: 60 }, (_, index) => takeAndRelease(index)))
    })
  })
}

/** PostgreSQL lets those that share a row's lock overtake one that wants it alone, which may wait as long as they come. */
function ifTimedOut (error: unknown): undefined {
  if (sqlState(error) !== '57014') throw error
}
