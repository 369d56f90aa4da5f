import t from 'tap'
import { InexactSumError, readStorageUsage } from '../../../../db/usage/storage-usage.js'
import { listUserUsage } from '../../../../db/usage/user-usage.js'
import { emptyTables } from '../../../support/database.js'
import { databaseKindsAndRole } from '../../../support/role-database.js'

const uuid = (kind: number, number: number) => `${kind}0000000-0000-4000-8000-${String(number).padStart(12, '0')}`
const atMost = (count: number) => Math.floor(Math.random() * (count + 1))
const everything = { after: undefined, limit: 100 }

for (const { name, skip, create } of databaseKindsAndRole) {
  t.test(`usage by user on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))
    const walk = async (orgKey: string, limitOf: () => number) => {
      const found = []
      for (let after: string | undefined; ;) {
        const { users, end } = await listUserUsage(database, orgKey, { after, limit: limitOf() })
        found.push(...users)
        if (end === undefined) return found
        after = end
      }
    }

    t.test('whatever is stored, pages of any length give every user once, in order, as their own usage says', async (t) => {
      const sums = ['acme', 'globex'].flatMap((orgKey) => Array.from({ length: 40 }, (_, number) => number).flatMap((number) =>
        Array.from({ length: 3 }, (_, workflow) => ({
          org_key: orgKey,
          workflow_id: uuid(1, workflow),
          created_by: uuid(2, number),
          direction: workflow === 0 ? 'inputs' as const : 'outputs' as const,
          // Only a few sizes, with different numbers of digits, so that many users have the same.
          size_bytes: number % 5 === 0 ? 0n : [0n, 2n, 10n][atMost(2)] ?? 0n,
          file_count: number % 5 === 0 ? 0n : BigInt(1 + atMost(2)),
          newest_event_at: atMost(2) === 0 ? null : new Date(1_770_000_000_000 + atMost(100_000)),
        }))))
      await database.insertInto('usage_sums').values(sums).execute()
      for (const orgKey of ['acme', 'globex', 'nobody']) {
        const users = await Promise.all([...new Set(sums.map((row) => row.created_by))].map(async (createdBy) => {
          const usage = await readStorageUsage(database, { orgKey, createdBy })
          const { inputBytes, outputBytes, fileCount, totalBytes } = usage
          return { createdBy, bytes: totalBytes, inputBytes, outputBytes, fileCount, newestEventAt: usage.asOf }
        }))
        const expected = users.filter(({ fileCount }) => fileCount > 0)
          .toSorted((one, other) => other.bytes - one.bytes || (one.createdBy < other.createdBy ? -1 : 1))
        t.strictSame(await walk(orgKey, () => 1 + atMost(7)), expected)
        t.strictSame(await listUserUsage(database, orgKey, everything), { users: expected, end: undefined })
      }
    })

    t.test('sums beyond 64 bits are in order, and are an error rather than a wrong number', async (t) => {
      const row = (createdBy: string, workflow: number, bytes: bigint) => ({
        org_key: 'acme', workflow_id: uuid(1, workflow), created_by: createdBy, direction: 'inputs' as const, size_bytes: bytes, file_count: 1n,
      })
      await database.insertInto('usage_sums').values([
        row(uuid(2, 1), 1, 2n ** 63n - 1n), row(uuid(2, 1), 2, 2n ** 63n - 1n), row(uuid(2, 2), 1, 2n ** 53n - 1n),
      ]).execute()
      await t.rejects(listUserUsage(database, 'acme', everything), InexactSumError)
      const { users } = await listUserUsage(database, 'acme', { ...everything, after: `${2n ** 64n - 2n} ${uuid(2, 1)}` })
      t.match(users, [{ createdBy: uuid(2, 2), bytes: Number.MAX_SAFE_INTEGER }])
    })
  })
}
