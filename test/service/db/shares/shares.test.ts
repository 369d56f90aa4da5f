import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import t from 'tap'
import { readRevocations, revokeAllShares, revokeShare } from '../../../../db/shares/revocations.js'
import { listShares, recordShare } from '../../../../db/shares/shares.js'
import { addShareUses } from '../../../../db/shares/uses.js'
import { databaseKinds, emptyTables } from '../../../support/database.js'

const [me, other] = [randomUUID(), randomUUID()]
const HOUR_S = 3_600

for (const { name, skip, create } of databaseKinds) {
  t.test(`share links on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))
    const record = async ({ orgKey = 'acme', madeBy = me, note = null as string | null } = {}) => {
      const id = randomUUID()
      return { id, ...await recordShare(database, { id, orgKey, madeBy, kind: 'file', note, lifetimeSeconds: HOUR_S }) }
    }
    const everyones = { orgKey: 'acme', madeBy: undefined }
    const list = async (scope: { orgKey: string, madeBy: string | undefined } = everyones) =>
      (await listShares(database, scope, { after: undefined, limit: 100 })).shares

    t.test('are listed as they were made, the newest first, page by page and of whom it is asked', async (t) => {
      const made = [await record({ note: 'for Ann' }), await record({ madeBy: other }), await record()]
      await record({ orgKey: 'globex' })
      const [first] = made
      t.equal(Math.floor((first?.madeAtMicros ?? 0) / 1000), first?.createdAt.getTime())
      t.equal((first?.expiresAt.getTime() ?? 0) - (first?.createdAt.getTime() ?? 0), HOUR_S * 1000)
      const newest = made.map(({ id }) => id).reverse()
      t.strictSame((await list()).map(({ id }) => id), newest)
      t.strictSame((await list({ orgKey: 'acme', madeBy: other })).map(({ id }) => id), [made[1]?.id])
      t.strictSame((await list()).at(-1), {
        id: first?.id,
        madeBy: me,
        kind: 'file',
        note: 'for Ann',
        createdAt: first?.createdAt,
        expiresAt: first?.expiresAt,
        useCount: 0,
        lastUsedAt: null,
        revokedAt: null,
      })
      const paged: string[] = []
      let after: string | undefined
      do {
        const { shares, end } = await listShares(database, everyones, { after, limit: 2 })
        paged.push(...shares.map(({ id }) => id))
        after = end
      } while (after !== undefined)
      t.strictSame(paged, newest)
    })

    t.test('are revoked once, by who may, and are no longer than that revoked', async (t) => {
      const { id, expiresAt } = await record()
      for (const scope of [{ orgKey: 'globex', madeBy: undefined }, { orgKey: 'acme', madeBy: other }]) {
        t.equal(await revokeShare(database, scope, id), undefined)
      }
      t.equal(await revokeShare(database, everyones, randomUUID()), undefined)
      const revoked = await revokeShare(database, { orgKey: 'acme', madeBy: me }, id)
      t.match(revoked, { id, expiresAtMs: expiresAt.getTime() })
      t.strictSame(await revokeShare(database, everyones, id), revoked, 'it was revoked already')
      t.strictSame((await list()).map(({ revokedAt }) => revokedAt), [revoked?.revokedAt])
      t.strictSame((await readRevocations(database, undefined)).revoked, [{ id, expiresAtMs: expiresAt.getTime() }])
    })

    t.test('are revoked all at once, an organisation\'s or everyone\'s, and those that are made afterwards hold', async (t) => {
      for (const orgKey of ['acme', '']) {
        const before = await record()
        const revokedBeforeMicros = await revokeAllShares(database, orgKey)
        t.ok(before.madeAtMicros <= revokedBeforeMicros)
        const after = await record()
        t.ok(after.madeAtMicros > revokedBeforeMicros)
        const revokedAt = Object.fromEntries((await list()).map((share) => [share.id, share.revokedAt]))
        t.strictSame(revokedAt[before.id], new Date(Math.floor(revokedBeforeMicros / 1000)))
        t.equal(revokedAt[after.id], null)
        const { epochs } = await readRevocations(database, undefined)
        t.strictSame(epochs.find((epoch) => epoch.orgKey === orgKey), { orgKey, revokedBeforeMicros })
      }
    })

    t.test('are made after the last revocation, and revoked after the one before, whatever the clock says', async (t) => {
      const first = await revokeAllShares(database, 'acme')
      await sql`update share_epochs set revoked_before = clock_timestamp() + interval '1 hour'`.execute(database)
      const { madeAtMicros } = await record()
      t.ok(madeAtMicros > first + 3_500_000_000)
      const second = await revokeAllShares(database, 'acme')
      t.equal(second, madeAtMicros, 'a microsecond after the first')
      t.strictSame((await list()).map(({ revokedAt }) => revokedAt !== null), [true])
      t.ok((await record()).madeAtMicros > second)
    })

    t.test('that were revoked are read again from a minute before the last reading on, until they have ended', async (t) => {
      const { id } = await record()
      await revokeShare(database, everyones, id)
      await revokeAllShares(database, 'globex')
      const { asOfMs } = await readRevocations(database, undefined)
      const read = async (sinceMs: number | undefined) => {
        const { revoked, epochs } = await readRevocations(database, sinceMs)
        return [revoked.length, epochs.length]
      }
      t.ok(Math.abs(asOfMs - Date.now()) < 600_000)
      t.strictSame(await read(asOfMs), [1, 1])
      t.strictSame(await read(asOfMs + 50_000), [1, 1])
      t.strictSame(await read(asOfMs + 70_000), [0, 0])
      await sql`update shares set expires_at = clock_timestamp()`.execute(database)
      t.strictSame(await read(undefined), [0, 1])
    })

    t.test('that were revoked are read whole, however many there are', async (t) => {
      await sql`
        insert into shares (id, org_key, made_by, kind, created_at, expires_at, revoked_at)
        select gen_random_uuid(), 'acme', ${me}::uuid, 'file', now(), now() + interval '1 hour', now()
        from generate_series(1, 10001)`.execute(database)
      const { revoked } = await readRevocations(database, undefined)
      t.equal(new Set(revoked.map(({ id }) => id)).size, 10_001)
    })

    t.test('have their uses added up, those that are known, and the latest time kept', async (t) => {
      const [one, two] = [await record(), await record()]
      const nowMs = Math.floor(Date.now() / 1000) * 1000
      const used = (id: string, count: number, lastUsedMs: number) => ({ id, count, lastUsedMs })
      t.equal(await addShareUses(database, [used(one.id, 2, nowMs), used(randomUUID(), 1, 0)]), 1)
      t.equal(await addShareUses(database, [used(one.id, 3, nowMs - 5), used(two.id, 1, nowMs)]), 2)
      const lastUsedAt = new Date(nowMs)
      t.match(await list(), [{ useCount: 1, lastUsedAt }, { useCount: 5, lastUsedAt }])
      t.equal(await addShareUses(database, []), 0)
    })
  })
}
