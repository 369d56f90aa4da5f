import t from 'tap'
import { setAside } from '../../../../db/events/set-aside.js'
import { countSetAside, discardSetAside, listSetAside, replaceSetAside } from '../../../../db/events/set-aside-records.js'
import { databaseKinds, emptyTables } from '../../../support/database.js'

for (const { name, skip, create } of databaseKinds) {
  t.test(`records that were set aside, on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))
    const keep = async (...records: Array<[reason: string, record: unknown]>) =>
      await setAside(database, records.map(([reason, record]) => ({ reason, record })))
    const list = async (filter = {}, page = { after: 0n, limit: 10 }) => await listSetAside(database, filter, page)

    t.test('are counted with the time of the newest', async (t) => {
      t.equal(await countSetAside(database), undefined)
      await keep(['record_malformed', 1], ['record_malformed', 2])
      const rows = await list()
      t.strictSame(await countSetAside(database), { count: 2, newestAt: rows[0]?.receivedAt })
    })

    t.test('are listed and discarded as far as they are selected', async (t) => {
      await keep(['record_malformed', 'a'], ['record_refused', 'b'])
      await keep(['record_malformed', 'c'])
      const [a, b, c] = await list()
      t.match([a, b, c], [
        { reason: 'record_malformed', record: 'a' }, { reason: 'record_refused', record: 'b' }, { reason: 'record_malformed', record: 'c' },
      ])
      t.strictSame(await list({ reason: 'record_malformed' }), [a, c])
      t.strictSame(await list({ id: b?.id }), [b])
      t.strictSame(await list({ since: new Date(Date.now() + 600_000) }), [])
      t.equal((await list({ since: new Date(Date.now() - 600_000) })).length, 3)
      t.strictSame(await list({}, { after: a?.id ?? 0n, limit: 1 }), [b])
      t.equal(await discardSetAside(database, { reason: 'record_malformed', id: a?.id }), 1)
      t.equal(await discardSetAside(database, { since: new Date(Date.now() + 600_000) }), 0)
      t.strictSame(await list(), [b, c])
      t.equal(await discardSetAside(database, {}), 2)
    })

    t.test('are removed with what is done in their place, or stay', async (t) => {
      await keep(['record_malformed', 'a'])
      const [row] = await list()
      const id = row?.id ?? 0n
      await t.rejects(replaceSetAside(database, id, async () => { throw new Error('undone') }), new Error('undone'))
      t.equal((await list()).length, 1)
      const replacement = [{ reason: 'record_refused', record: 'b' }]
      t.equal(await replaceSetAside(database, id, async (transaction) => { await setAside(transaction, replacement) }), true)
      t.equal(await replaceSetAside(database, id, async () => { t.fail('it was not there') }), false)
      t.match(await list(), [{ record: 'b' }])
    })

    t.test('are kept as text that the database can hold', async (t) => {
      const circle: Record<string, unknown> = {}
      circle.self = circle
      for (const record of ['a\0b', undefined, 'x'.repeat(9_000), circle]) await keep(['record_malformed', record])
      const kept = (await list()).map(({ record }) => record)
      t.strictSame(kept, ['a\uFFFDb', '', 'x'.repeat(8_192), 'nested too deeply'])
    })
  })
}
