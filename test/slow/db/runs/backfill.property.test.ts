import { inspect } from 'node:util'
import fc from 'fast-check'
import type { Kysely } from 'kysely'
import t from 'tap'
import type { Database } from '../../../../db/connection/tables.js'
import { applyRecords } from '../../../../db/events/apply-records.js'
import { purge } from '../../../../db/purge.js'
import { backfillRuns } from '../../../../db/runs/backfill.js'
import { auditSums } from '../../../../db/usage/audit.js'
import { parseObjectKey } from '../../../../objects/object-key.js'
import { applyObservations } from '../../../../reconcile/apply-observations.js'
import { databaseKinds } from '../../../support/database.js'
import { writeBeforeRuns, writeEventAsFirstVersion, writeObservationAsFirstVersion } from '../../../support/earlier-build.js'

const HOUR_MS = 3_600_000
const bounds = { clockSkewMs: 5_000, tombstoneRetentionMs: 30 * 24 * HOUR_MS, isAmazonS3: false }
const nothingExpires = {
  tombstonesMs: HOUR_MS,
  uploadsMs: HOUR_MS,
  setAsideEventsMs: HOUR_MS,
  leasesMs: HOUR_MS,
  sharesMs: HOUR_MS,
  verificationsMs: HOUR_MS,
}
const histories = Number(process.env.PROPERTY_RUNS ?? 60)

const idOf = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`
// Two runs, two users, two directions, and two files that share all of these.
const keys = Array.from({ length: 6 }, (_, index) =>
  `acme/workflows/${idOf(1)}/runs/${idOf(index % 2)}/users/${idOf(index % 3 % 2)}/${index === 4 ? 'inputs' : 'outputs'}/` +
  `AAAAAAAAAAAAAAAAAAAAA${index}/folder/file`)

/** A client's write, or a step of the service's own. */
type Step =
  | { kind: 'write', by: 'event' | 'observation' | 'event of 0.1' | 'observation of 0.1', key: number, size: number | null }
  | { kind: 'backfill', batchRows: number }
  | { kind: 'purge' }

const size = fc.option(fc.constantFrom(0, 1, 17, 4_096), { freq: 3 })
const key = fc.nat(keys.length - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      by: fc.constantFrom('event' as const, 'observation' as const, 'event of 0.1' as const, 'observation of 0.1' as const),
      key,
      size,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('backfill' as const), batchRows: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('purge' as const) }) },
)
/** The steps of a group run concurrently. */
const history = fc.record({
  before: fc.array(fc.record({ key, size, isEvent: fc.boolean() }), { maxLength: 8 }),
  groups: fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 }),
})

function partsOf (objectKey: string) {
  const parts = parseObjectKey(objectKey)
  if (parts === undefined) throw new TypeError('The key is not valid.')
  return parts
}

function changeTo (size: number | null) {
  return size === null ? { kind: 'removed' as const } : { kind: 'created' as const, sizeBytes: size, entityTag: `tag-${size}` }
}

for (const { kind, skip, create } of databaseKinds) {
  t.test(`on ${kind === 'embedded' ? 'the embedded database' : 'a PostgreSQL server'}, the sums of runs are those of their rows at ` +
    'every commit, whoever writes while files are counted', { skip, timeout: 600_000 }, async (t) => {
    const { database, connect, close } = await create()
    t.teardown(close)
    const replicas = [database, connect(), connect()]
    const auditor = connect()
    let clockMs = Date.now() - HOUR_MS

    const perform = async (step: Step, on: Kysely<Database>) => {
      if (step.kind === 'backfill') return await backfillRuns(on, step.batchRows)
      if (step.kind === 'purge') return await purge(on, nothingExpires)
      const objectKey = keys[step.key] ?? ''
      clockMs += 10_000
      const at = new Date(clockMs)
      const parts = partsOf(objectKey)
      if (step.by === 'event of 0.1') return await writeEventAsFirstVersion(on, objectKey, step.size)
      if (step.by === 'observation of 0.1') return await writeObservationAsFirstVersion(on, objectKey, step.size)
      if (step.by === 'observation') {
        const observation = { change: changeTo(step.size), observedAt: at }
        return await applyObservations(on, [{ objectKey, parts, observation }], 5_000)
      }
      const event = {
        objectKey, parts, change: changeTo(step.size), eventSource: 'minio:s3', eventTime: at, sequencer: undefined, versionId: undefined,
      }
      return await applyRecords(on, [{ event, record: {} }], bounds)
    }

    await fc.assert(fc.asyncProperty(history, async ({ before, groups }) => {
      await writeBeforeRuns(database, async () => {
        for (const { key, size, isEvent } of before) {
          const write = isEvent ? writeEventAsFirstVersion : writeObservationAsFirstVersion
          await write(database, keys[key] ?? '', size)
        }
      })

      const over = new AbortController()
      const audits = auditUntil(over.signal, auditor)
      audits.catch(() => {})
      for (const group of groups) {
        await Promise.all(group.map((step, index) => perform(step, replicas[index % replicas.length] ?? database)))
        noDifference(await auditSums(database))
      }
      over.abort()
      await audits

      for (let hasMore = true; hasMore;) hasMore = (await backfillRuns(database, 2)).hasMore
      noDifference(await auditSums(database))
      const uncounted = await database.selectFrom('objects').select('object_key')
        .where('removed_at', 'is', null).where('run_ref', 'is', null).execute()
      if (uncounted.length > 0) throw new Error(`${uncounted.length} files are counted in no run.`)
      await purge(database, nothingExpires)
      const empty = await database.selectFrom('run_sums').select('run_ref').where('file_count', '=', 0n).execute()
      if (empty.length > 0) throw new Error('Empty sums are left.')
    }), { numRuns: histories, endOnFailure: true })
    t.pass(`${histories} histories`)
  })
}

/** Audits one commit after another. */
async function auditUntil (over: AbortSignal, database: Kysely<Database>): Promise<void> {
  while (!over.aborted) noDifference(await auditSums(database))
}

function noDifference (differences: readonly unknown[]): void {
  if (differences.length > 0) throw new Error(`The sums are not those of the rows: ${inspect(differences, { depth: 4 })}`)
}
