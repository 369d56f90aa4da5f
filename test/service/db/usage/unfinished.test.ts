import { sql } from 'kysely'
import t from 'tap'
import { type Lease, takeLease } from '../../../../db/leases.js'
import { addToLook, beginLook, endLook } from '../../../../db/usage/unfinished.js'
import { databaseKinds, emptyTables } from '../../../support/database.js'

const user = '00000000-0000-4000-8000-000000000001'
const times = { everyMs: 60_000, pauseFactor: 10 }

for (const { name, skip, create } of databaseKinds) {
  t.test(`looks at unfinished uploads on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    let lease: Lease | undefined
    t.beforeEach(async () => {
      await emptyTables(database)
      lease = await takeLease(database, 'uploads')
    })
    t.afterEach(async () => { await lease?.release() })
    const held = () => {
      if (lease === undefined) throw new Error('It was not taken.')
      return lease
    }
    const begin = async () => {
      const lookId = await beginLook(database, held(), times)
      if (lookId === undefined) throw new Error('None is due.')
      return lookId
    }
    /** Makes the previous looks seem older by the given time. */
    const pass = async (seconds: number) => {
      await sql`update unfinished_looks set
        started_at = started_at - make_interval(secs => ${seconds}), finished_at = finished_at - make_interval(secs => ${seconds})`.execute(database)
    }
    const sums = async () => {
      const { rows } = await sql<{ org_key: string, created_by: string | null, part_bytes: bigint }>`
        select org_key, created_by, part_bytes from unfinished_sums order by org_key, created_by nulls last`.execute(database)
      return rows.map((row) => [row.org_key, row.created_by, row.part_bytes])
    }
    const lookIds = async () => (await database.selectFrom('unfinished_looks').select('look_id').orderBy('look_id').execute()).map((row) => row.look_id)

    t.test('add up what they find, of each user and of nobody', async (t) => {
      const lookId = await begin()
      await addToLook(database, held(), lookId, [])
      t.strictSame(await sums(), [])
      await addToLook(database, held(), lookId, [
        { orgKey: 'acme', createdBy: user, partBytes: 5n }, { orgKey: 'acme', createdBy: null, partBytes: 7n }, { orgKey: 'globex', createdBy: user, partBytes: 9n },
      ])
      await addToLook(database, held(), lookId, [
        { orgKey: 'acme', createdBy: user, partBytes: 2n ** 60n }, { orgKey: 'acme', createdBy: null, partBytes: 1n },
      ])
      t.strictSame(await sums(), [['acme', user, 2n ** 60n + 5n], ['acme', null, 8n], ['globex', user, 9n]])
    })

    t.test('begin once in a while, whether the one before came to its end or not', async (t) => {
      const first = await begin()
      t.equal(await beginLook(database, held(), times), undefined)
      await pass(59)
      t.equal(await beginLook(database, held(), times), undefined)
      await pass(2)
      const second = await begin()
      t.ok(second > first)
      await endLook(database, held(), second)
      t.equal(await beginLook(database, held(), times), undefined)
      await pass(61)
      t.ok(await begin() > second)
    })

    t.test('begin after many times as long as the last one took', async (t) => {
      const lookId = await begin()
      await sql`update unfinished_looks set started_at = clock_timestamp() - interval '100 s'`.execute(database)
      await endLook(database, held(), lookId)
      await pass(990)
      t.equal(await beginLook(database, held(), times), undefined)
      await pass(20)
      t.ok(await begin() > lookId)
    })

    t.test('that were broken off are forgotten with what they found, and the last one stays until another has ended', async (t) => {
      const first = await begin()
      await addToLook(database, held(), first, [{ orgKey: 'acme', createdBy: user, partBytes: 1n }])
      await endLook(database, held(), first)
      await pass(61)
      const brokenOff = await begin()
      await addToLook(database, held(), brokenOff, [{ orgKey: 'acme', createdBy: user, partBytes: 2n }])
      await pass(61)
      const third = await begin()
      t.strictSame(await lookIds(), [first, third])
      t.strictSame(await sums(), [['acme', user, 1n]])
      await endLook(database, held(), third)
      t.strictSame(await lookIds(), [third])
      t.strictSame(await sums(), [])
    })

    t.test('are nobody\'s who has lost the lease', async (t) => {
      const lookId = await begin()
      await held().release()
      const refused = { name: 'LeaseLostError' }
      await t.rejects(addToLook(database, held(), lookId, [{ orgKey: 'acme', createdBy: null, partBytes: 1n }]), refused)
      await t.rejects(endLook(database, held(), lookId), refused)
      await t.rejects(beginLook(database, held(), times), refused)
    })
  })
}
