import { sql } from 'kysely'
import t from 'tap'
import { type CataloguedObject, listCatalogue } from '../../../../db/reconcile/catalogue-listing.js'
import { catalogueFiles } from '../../../support/catalogued-files.js'
import { databaseKinds, emptyTables } from '../../../support/database.js'

const id = '00000000-0000-4000-8000-000000000001'
const keyOf = (name: string, orgKey = 'acme') => `${orgKey}/workflows/${id}/runs/${id}/users/${id}/outputs/AAAAAAAAAAAAAAAAAAAAAA/${name}`
const HOUR_MS = 3_600_000

for (const { name, skip, create } of databaseKinds) {
  t.test(`the catalogue's listing on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))
    const list = async (prefix: string, startAfter = '', clockSkewMs?: number) => {
      const listed: CataloguedObject[] = []
      for await (const page of listCatalogue(database, { prefix, startAfter }, clockSkewMs)) listed.push(...page)
      return listed
    }
    const eventTime = new Date(Date.now() - HOUR_MS)
    const fileOf = (each: string, sizeBytes: number, isAhead = false, orgKey = 'acme') => (
      { objectKey: keyOf(each, orgKey), sizeBytes, entityTag: `tag-${sizeBytes}`, isRemoved: false, isAhead })

    t.test('has the files with a prefix that come after a key, as they are counted', async (t) => {
      await catalogueFiles(database, [
        { objectKey: keyOf('b'), sizeBytes: 2, eventTime }, { objectKey: keyOf('a'), sizeBytes: 1, eventTime },
        { objectKey: keyOf('c', 'globex'), sizeBytes: 3, eventTime }, { objectKey: keyOf('gone'), sizeBytes: undefined, eventTime },
      ])
      t.strictSame(await list(''), [fileOf('a', 1), fileOf('b', 2), fileOf('c', 3, false, 'globex')])
      t.strictSame(await list('acme/'), [fileOf('a', 1), fileOf('b', 2)])
      t.strictSame(await list('acme/', keyOf('a')), [fileOf('b', 2)])
      await sql`update objects set entity_tag = null`.execute(database)
      t.strictSame((await list('globex/')).map(({ entityTag }) => entityTag), [undefined])
    })

    t.test('has what is known from the future, removed or not, where clocks count', async (t) => {
      await catalogueFiles(database, [
        { objectKey: keyOf('a'), sizeBytes: 1, eventTime }, { objectKey: keyOf('b'), sizeBytes: undefined, eventTime },
        { objectKey: keyOf('c'), sizeBytes: undefined, eventTime },
      ])
      // As dated by a clock that has been corrected since.
      await sql`
        update objects set event_time = now() + interval '1 hour' where object_key in (${keyOf('a')}, ${keyOf('b')})`.execute(database)
      t.strictSame(await list('acme/'), [fileOf('a', 1)])
      t.match(await list('acme/', '', HOUR_MS / 2), [fileOf('a', 1, true), { objectKey: keyOf('b'), isRemoved: true, isAhead: true }])
      t.equal((await list('acme/', '', HOUR_MS / 2)).length, 2)
      t.strictSame(await list('acme/', '', 2 * HOUR_MS), [fileOf('a', 1)])
    })

    t.test('is read whole, page by page', async (t) => {
      const names = Array.from({ length: 4_001 }, (_, index) => String(index).padStart(5, '0'))
      await catalogueFiles(database, names.map((each) => ({ objectKey: keyOf(each), sizeBytes: 1, eventTime })))
      t.strictSame((await list('acme/')).map(({ objectKey }) => objectKey), names.map((each) => keyOf(each)))
    })
  })
}
