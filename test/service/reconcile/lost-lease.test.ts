import { type Kysely, sql } from 'kysely'
import t from 'tap'
import { applyRecords } from '../../../db/events/apply-records.js'
import type { Database } from '../../../db/connection/tables.js'
import { type Lease, type LeaseClaim, LeaseLostError, takeLease } from '../../../db/leases.js'
import { auditSums } from '../../../db/usage/audit.js'
import { readStorageUsage } from '../../../db/usage/storage-usage.js'
import type { Observation } from '../../../events/order.js'
import { parseObjectKey } from '../../../objects/object-key.js'
import { reconcile } from '../../../reconcile/reconcile.js'
import type { ListBucket } from '../../../store/listing-pages.js'
import { emptyTables } from '../../support/database.js'
import { databaseKindsAndRole } from '../../support/role-database.js'

const CLOCK_SKEW_MS = 5_000
const bounds = { clockSkewMs: CLOCK_SKEW_MS, tombstoneRetentionMs: 30 * 24 * 3600 * 1000, isAmazonS3: false }
const id = '00000000-0000-4000-8000-000000000001'
const objectKey = `acme/workflows/${id}/runs/${id}/users/${id}/outputs/AAAAAAAAAAAAAAAAAAAAAA/a.txt`
const gone: Observation['change'] = { kind: 'removed' }

/** Counts a file of ten bytes, dated now: no clock can tell whether it changed before the bucket was listed. */
async function countFile (database: Kysely<Database>): Promise<void> {
  const parts = parseObjectKey(objectKey)
  if (parts === undefined) throw new TypeError('The key is not valid.')
  const event = {
    objectKey,
    parts,
    change: { kind: 'created', sizeBytes: 10, entityTag: 'e' } as const,
    eventSource: 'minio:s3',
    eventTime: new Date(),
    sequencer: undefined,
    versionId: undefined,
  }
  await applyRecords(database, [{ event, record: null }], bounds)
}

const emptyBucket: ListBucket = async function * () {
  yield { objects: [], observedAt: new Date(), isLast: true }
}

for (const { name, skip, create } of databaseKindsAndRole) {
  t.test(`a reconcile on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))
    const fileCount = async () => (await readStorageUsage(database, { orgKey: 'acme' })).fileCount
    /** @param whileAsking runs after it was decided what to ask about, and before the answer is written */
    const run = async (lease: LeaseClaim, whileAsking: () => Promise<void>) => {
      const context = {
        database,
        lease,
        clockSkewMs: CLOCK_SKEW_MS,
        listBucket: emptyBucket,
        askStore: async () => {
          await whileAsking()
          return { change: gone, observedAt: new Date() }
        },
      }
      for await (const { counts } of reconcile(context, { prefix: 'acme/', startAfter: '', dryRun: false })) t.comment(counts)
    }

    for (const name of ['reconcile', 'reconcile/acme']) {
      t.test(`writes under its lease of ${name}, and nothing once another has it`, async (t) => {
        const lease = await takeLease(database, name)
        if (lease === undefined) throw new Error('It was not taken.')
        await countFile(database)
        const taken: Array<Lease | undefined> = []
        await t.rejects(run(lease, async () => {
          await sql`update leases set expires_at = clock_timestamp() where name = ${name}`.execute(database)
          taken.push(await takeLease(database, name))
        }), LeaseLostError)
        t.equal(await fileCount(), 1)
        t.strictSame(await auditSums(database), [])

        const [next] = taken
        if (next === undefined) throw new Error('It was not taken again.')
        await run(next, async () => {})
        t.equal(await fileCount(), 0)
        await Promise.all([lease.release(), next.release()])
      })
    }

    t.test('writes nothing once the lease has ended, although nobody else has it', async (t) => {
      const lease = await takeLease(database, 'reconcile/acme')
      if (lease === undefined) throw new Error('It was not taken.')
      await countFile(database)
      await t.rejects(run(lease, () => lease.release()), LeaseLostError)
      t.equal(await fileCount(), 1)
    })
  })
}
