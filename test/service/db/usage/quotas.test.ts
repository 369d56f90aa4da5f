import fc from 'fast-check'
import { type Kysely, sql } from 'kysely'
import t from 'tap'
import { applyRecords } from '../../../../db/events/apply-records.js'
import type { ObjectChange } from '../../../../events/notification.js'
import type { Database } from '../../../../db/connection/tables.js'
import { purge } from '../../../../db/purge.js'
import { auditSums } from '../../../../db/usage/audit.js'
import { removeQuota, setQuota } from '../../../../db/usage/quotas.js'
import { readStorageUsage } from '../../../../db/usage/storage-usage.js'
import { reserveUpload } from '../../../../db/reservations.js'
import { mintObjectKey, parseObjectKey } from '../../../../objects/object-key.js'
import { emptyTables } from '../../../support/database.js'
import { databaseKindsAndRole } from '../../../support/role-database.js'
import { member, runId, workflowId } from '../../../support/service.js'

const HOUR_MS = 3_600_000
const CLOCK = { clockSkewMs: 5_000, tombstoneRetentionMs: 30 * 24 * HOUR_MS, isAmazonS3: false }

const mint = (orgKey: string) =>
  mintObjectKey({ orgKey, workflowId, runId, createdBy: member.userId, direction: 'outputs', path: 'f' })

const ask = async (
  database: Kysely<Database>, sizeBytes: number | undefined, { orgKey = 'acme', objectKey = mint(orgKey), expiresInMs = HOUR_MS } = {},
) => await reserveUpload(database, {
  objectKey, orgKey, createdBy: member.userId, sizeBytes, contentType: 'text/plain', expiresInSeconds: expiresInMs / 1000,
})

/** The bucket reports a file that arrived a minute ago. */
async function arrive (database: Kysely<Database>, objectKey: string, sizeBytes: number): Promise<void> {
  await report(database, objectKey, { kind: 'created', sizeBytes, entityTag: 'e' }, new Date(Date.now() - 60_000))
}

/** The bucket reports that the file is gone. */
async function remove (database: Kysely<Database>, objectKey: string): Promise<void> {
  await report(database, objectKey, { kind: 'removed' }, new Date())
}

async function report (database: Kysely<Database>, objectKey: string, change: ObjectChange, eventTime: Date): Promise<void> {
  const parts = parseObjectKey(objectKey)
  if (parts === undefined) throw new Error('no key of ours')
  await applyRecords(database, [{
    record: null,
    event: {
      objectKey,
      parts,
      change,
      eventSource: 'minio:s3',
      eventTime,
      sequencer: undefined,
      versionId: undefined,
    },
  }], CLOCK)
}

/** What an organisation stores, plus what is reserved for it. */
async function taken (database: Kysely<Database>, orgKey = 'acme'): Promise<number> {
  const { rows: [row] } = await sql<{ taken: string }>`
    select (select coalesce(sum(size_bytes), 0) from usage_sums where org_key = ${orgKey})
      + (select coalesce(sum(size_bytes), 0) from uploads where org_key = ${orgKey} and fulfilled_at is null and expires_at > now()) as taken`.execute(database)
  return Number(row?.taken)
}

for (const { kind, name, skip, create } of databaseKindsAndRole) {
  t.test(`quotas on ${name}`, { skip }, async (t) => {
    const { database, connect, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))

    t.test('without one, any upload is reserved, even of no stated size', async (t) => {
      t.equal(await ask(database, undefined), 'reserved')
      t.equal(await ask(database, 5 * 1024 ** 3), 'reserved')
    })

    t.test('the last byte of it may be reserved, and not one more', async (t) => {
      await setQuota(database, 'acme', 100n)
      t.equal(await ask(database, 60), 'reserved')
      t.equal(await ask(database, 41), 'quota-exceeded')
      t.equal(await ask(database, 40), 'reserved')
      t.equal(await ask(database, 1), 'quota-exceeded')
      t.equal(await ask(database, 0), 'reserved')
      t.equal(await ask(database, 1000, { orgKey: 'other' }), 'reserved')
    })

    t.test('of two organisations, each has its own, whatever the other one stores and has reserved', async (t) => {
      await setQuota(database, 'acme', 90n)
      await setQuota(database, 'other', 100n)
      const objectKey = mint('other')
      t.equal(await ask(database, 60, { orgKey: 'other', objectKey }), 'reserved')
      await arrive(database, objectKey, 60)
      t.equal(await ask(database, 40, { orgKey: 'other' }), 'reserved')
      t.equal(await ask(database, 1, { orgKey: 'other' }), 'quota-exceeded')
      t.equal(await ask(database, 91), 'quota-exceeded')
      t.equal(await ask(database, 90), 'reserved')
      t.equal(await ask(database, 1), 'quota-exceeded')
    })

    t.test('an upload must state its size', async (t) => {
      await setQuota(database, 'acme', 100n)
      t.equal(await ask(database, undefined), 'size-required')
      t.equal(await taken(database), 0)
    })

    t.test('a reservation ends when it expires', async (t) => {
      await setQuota(database, 'acme', 100n)
      t.equal(await ask(database, 100, { expiresInMs: -1 }), 'reserved')
      t.equal(await ask(database, 100), 'reserved')
      t.equal(await ask(database, 1), 'quota-exceeded')
    })

    t.test('an upload that arrived counts once', async (t) => {
      await setQuota(database, 'acme', 100n)
      const objectKey = mint('acme')
      await ask(database, 60, { objectKey })
      await arrive(database, objectKey, 60)
      t.equal(await taken(database), 60)
      t.equal(await ask(database, 41), 'quota-exceeded')
      t.equal(await ask(database, 40), 'reserved')
    })

    t.test('a deleted file\'s bytes stay reserved until its URL, which can put it again, expires', async (t) => {
      await setQuota(database, 'acme', 100n)
      const objectKey = mint('acme')
      await ask(database, 60, { objectKey })
      await arrive(database, objectKey, 60)
      await remove(database, objectKey)
      t.equal(await taken(database), 60)
      t.equal(await ask(database, 41), 'quota-exceeded')
      await sql`update uploads set expires_at = now()`.execute(database)
      t.equal(await ask(database, 100), 'reserved')
    })

    t.test('what was reserved before counts, and what is too much already stays', async (t) => {
      await ask(database, 60)
      await setQuota(database, 'acme', 50n)
      t.equal(await ask(database, 1), 'quota-exceeded')
      await setQuota(database, 'acme', 61n)
      t.equal(await ask(database, 1), 'reserved')
      await removeQuota(database, 'acme')
      t.equal(await ask(database, 1000), 'reserved')
    })

    t.test('files that arrive while their reservations expire and are purged count once, whichever is first', async (t) => {
      const replicas = [database, connect(), connect()]
      const retention = {
        tombstonesMs: HOUR_MS,
        uploadsMs: 1,
        setAsideEventsMs: HOUR_MS,
        leasesMs: HOUR_MS,
        sharesMs: HOUR_MS,
        verificationsMs: HOUR_MS,
      }
      await setQuota(database, 'acme', 6000n)
      const keys = Array.from({ length: 60 }, () => mint('acme'))
      for (const objectKey of keys) t.equal(await ask(database, 100, { objectKey }), 'reserved')
      await Promise.all([
        ...keys.map((objectKey, index) => arrive(replicas[index % replicas.length] ?? database, objectKey, 100)),
        ...keys.map(async (objectKey, index) => {
          await sql`update uploads set expires_at = now() - interval '1 hour' where object_key = ${objectKey}`.execute(database)
          await purge(replicas[index % replicas.length] ?? database, retention)
        }),
      ])
      t.equal(await taken(database), 6000)
      t.strictSame(await auditSums(database), [])
      t.equal(await ask(database, 1), 'quota-exceeded')
    })

    t.test('usage tells of it only where there is one, and only of the whole organisation', async (t) => {
      t.notOk('quotaBytes' in await readStorageUsage(database, { orgKey: 'acme' }))
      await setQuota(database, 'acme', 100n)
      t.equal((await readStorageUsage(database, { orgKey: 'acme' })).quotaBytes, 100)
      t.notOk('quotaBytes' in await readStorageUsage(database, { orgKey: 'acme', createdBy: member.userId }))
      t.notOk('quotaBytes' in await readStorageUsage(database, { orgKey: 'other' }))
    })

    t.test('however many ask at once on several replicas, and files arrive meanwhile, it is never exceeded', async () => {
      const replicas = [database, connect(), connect()]
      await fc.assert(fc.asyncProperty(
        fc.record({ acme: fc.integer({ min: 0, max: 500 }), other: fc.integer({ min: 0, max: 500 }) }),
        fc.array(fc.record({
          orgKey: fc.constantFrom('acme', 'other'),
          sizeBytes: fc.integer({ min: 0, max: 100 }),
          arrives: fc.boolean(),
          isExpired: fc.nat({ max: 9 }).map((chance) => chance === 0),
        }), { minLength: 1, maxLength: 40 }),
        async (quotas, wishes) => {
          await emptyTables(database)
          for (const [orgKey, quotaBytes] of Object.entries(quotas)) await setQuota(database, orgKey, BigInt(quotaBytes))
          const outcomes = await Promise.all(wishes.map(async ({ orgKey, sizeBytes, arrives, isExpired }, index) => {
            const replica = replicas[index % replicas.length] ?? database
            const objectKey = mint(orgKey)
            const outcome = await ask(replica, sizeBytes, { orgKey, objectKey, ...isExpired ? { expiresInMs: -1 } : {} })
            if (outcome === 'reserved' && arrives && !isExpired) await arrive(replica, objectKey, sizeBytes)
            return { orgKey, outcome, sizeBytes, isExpired }
          }))
          for (const [orgKey, quotaBytes] of Object.entries(quotas)) {
            const own = outcomes.filter((outcome) => outcome.orgKey === orgKey)
            const reserved = own.filter(({ outcome, isExpired }) => outcome === 'reserved' && !isExpired)
              .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
            const refused = own.filter(({ outcome }) => outcome === 'quota-exceeded').map(({ sizeBytes }) => sizeBytes)
            const isKept = await taken(database, orgKey) === reserved && reserved <= quotaBytes &&
              refused.every((sizeBytes) => reserved + sizeBytes > quotaBytes)
            if (!isKept) return false
          }
          return true
        }), { numRuns: kind === 'role' ? 5 : 30, endOnFailure: true })
    })
  })
}
