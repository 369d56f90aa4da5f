import fc from 'fast-check'
import { type Kysely, sql } from 'kysely'
import t from 'tap'
import { applyRecords } from '../../../../db/events/apply-records.js'
import { auditSums } from '../../../../db/usage/audit.js'
import type { Database } from '../../../../db/connection/tables.js'
import { readStorageUsage } from '../../../../db/usage/storage-usage.js'
import { createNotificationReader } from '../../../../events/notification.js'
import { EventIntake } from '../../../../events/intake.js'
import { BucketModel, type Operation, type Timing, type Vendor } from '../../../support/bucket-model.js'
import { databaseKinds } from '../../../support/database.js'

const timeBounds = { clockSkewMs: 5_000, tombstoneRetentionMs: 30 * 24 * 3600 * 1000 }
const KEYS = 3
const runs = Number(process.env.PROPERTY_RUNS ?? 100)

const size = fc.constantFrom(0, 1, 17, 4_096, 5 * 1024 ** 4)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('put' as const), sizeBytes: size, by: fc.constantFrom('Put', 'Post', 'Copy', 'CompleteMultipartUpload'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), by: fc.constantFrom('request', 'lifecycle') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete version' as const), index: fc.nat(5) }) },
)
// Two nodes' clocks, and an event and the change it reports, never differ by more than the bound.
const clockError = fc.integer({ min: -1_500, max: 1_500 })
const timing: fc.Arbitrary<Timing> = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3_000 }), fc.constant(20_000)), nodeClockErrorMs: clockError,
})

/** What happens, one step after the other: the bucket changes, and its notifications arrive in some way. */
type Step =
  | { kind: 'change', key: number, operation: Operation, timing: Timing }
  /** Delivers some of the notifications so far in one request, perhaps not for the first time. */
  | { kind: 'deliver', picks: number[], replica: 0 | 1 }
  /** A replica's connection breaks during a later batch: before a statement, or after it but before its answer. */
  | { kind: 'break', replica: 0 | 1, afterStatements: number, isAnswerLost: boolean }
  /** Lets requests in progress continue for as long as this many statements take. */
  | { kind: 'pause', statements: number }
  /** Waits for all requests in progress. */
  | { kind: 'wait' }

const replica = fc.constantFrom(0 as const, 1 as const)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('change' as const), key: fc.nat(KEYS - 1), operation, timing }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const), picks: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 8 }), replica,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('break' as const), replica, afterStatements: fc.nat(4), isAnswerLost: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pause' as const), statements: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'wait' as const }) },
)
const history = fc.record({
  vendor: fc.constantFrom<Vendor[]>('aws', 'minio', 'ceph', 'versitygw', 'embedded'),
  versioned: fc.boolean(),
  observationErrorMs: clockError,
  // How long the question and the answer are in transit, in statements of the database.
  askLatencies: fc.infiniteStream(fc.record({ question: fc.nat(2), answer: fc.nat(6) })),
  steps: fc.array(step, { minLength: 1, maxLength: 40 }),
  lastOrder: fc.infiniteStream(fc.nat(1_000_000)),
})

class Broken extends Error {}

/** A replica of the service over a database whose connection can be made to break before one of the next statements. */
function createReplica (
  database: Kysely<Database>, bucket: BucketModel, observationErrorMs: number,
  askLatencies: Iterator<{ question: number, answer: number }>,
) {
  const isAmazonS3 = bucket.vendor === 'aws'
  const whole = { statementsLeft: Infinity, isAnswerLost: false }
  let connection = { ...whole }
  const breakHere = () => {
    connection = { ...whole }
    throw new Broken('The connection broke.')
  }
  const breakable = database.withPlugin({
    transformQuery: ({ node }) => connection.statementsLeft-- <= 0 && !connection.isAnswerLost ? breakHere() : node,
    transformResult: async ({ result }) => connection.statementsLeft < 0 ? breakHere() : result,
  })
  const bounds = { ...timeBounds, isAmazonS3 }
  const intake = new EventIntake((records) => applyRecords(breakable, records, bounds), async (objectKey) => {
    const { question, answer } = askLatencies.next().value ?? { question: 0, answer: 0 }
    await pause(database, question)
    const observation = bucket.observe(objectKey, observationErrorMs)
    await pause(database, answer)
    return observation
  })
  const read = createNotificationReader({ bucket: bucket.name, isAmazonS3 })
  return {
    breakAfter: (statementsLeft: number, isAnswerLost: boolean) => { connection = { statementsLeft, isAnswerLost } },
    mend: () => { connection = { ...whole } },
    /** Resolves to whether the request succeeded. */
    deliver: async (bodies: unknown[]): Promise<boolean> => {
      const { events = [], rejected } = read({ Records: bodies.flatMap(recordsOf) }) ?? {}
      if (rejected?.length !== 0) throw new Error(`rejected: ${JSON.stringify(rejected)}`)
      try {
        await intake.take(events)
        return true
      } catch (error) {
        if (error instanceof Broken) return false
        throw error
      }
    },
  }
}

async function pause (database: Kysely<Database>, statements: number): Promise<void> {
  for (let count = 0; count < statements; count++) await sql`select 1`.execute(database)
}

function recordsOf (body: unknown): unknown[] {
  return typeof body === 'object' && body !== null && 'Records' in body && Array.isArray(body.Records) ? body.Records : []
}

for (const { kind, skip, create } of databaseKinds) {
  t.test(`on ${kind === 'embedded' ? 'the embedded database' : 'a PostgreSQL server'}, rows and sums end as the bucket is, ` +
    'however its notifications arrive', { skip, timeout: 600_000 }, async (t) => {
    const { database, connect, close } = await create()
    t.teardown(close)
    const databases = [database, connect()] as const
    const seen = { caseCount: 0, brokenCount: 0 }

    const property = fc.asyncProperty(history, async (generated) => {
      const { vendor, versioned, observationErrorMs, askLatencies, steps, lastOrder } = generated
      const orgKey = `case-${++seen.caseCount}`
      const keys = Array.from({ length: KEYS }, (_, index) => keyOf(orgKey, index))
      const bucket = new BucketModel(vendor, { versioned, startedAt: new Date(Date.now() - 3600_000) })
      const createReplicaOver = (over: Kysely<Database>) => createReplica(over, bucket, observationErrorMs, askLatencies)
      const replicas = [createReplicaOver(databases[0]), createReplicaOver(databases[1])] as const
      const notifications: Array<{ body: unknown, delivered: boolean }> = []
      let underWay: Array<Promise<void>> = []
      const deliver = (to: 0 | 1, chosen: typeof notifications) => {
        underWay.push(replicas[to].deliver(chosen.map(({ body }) => body)).then((succeeded) => {
          if (!succeeded) seen.brokenCount++
          for (const notification of chosen) notification.delivered ||= succeeded
        }))
      }

      for (const step of steps) {
        if (step.kind === 'change') {
          const body = bucket.perform(keys[step.key] ?? '', step.operation, step.timing)
          if (body !== undefined) notifications.push({ body, delivered: false })
        } else if (step.kind === 'deliver') {
          const chosen = step.picks.flatMap((pick) => notifications[pick % notifications.length] ?? [])
          deliver(step.replica, chosen)
        } else if (step.kind === 'break') {
          replicas[step.replica].breakAfter(step.afterStatements, step.isAnswerLost)
        } else if (step.kind === 'pause') {
          await pause(database, step.statements)
        } else {
          await Promise.all(underWay)
          underWay = []
          const differences = await auditSums(database)
          if (differences.length > 0) throw new Error(`sums differ from rows: ${JSON.stringify(differences, bigintText)}`)
        }
      }
      await Promise.all(underWay)
      for (const each of replicas) each.mend()
      underWay = []
      const late = notifications.filter(({ delivered }) => !delivered)
        .map((notification) => ({ notification, place: lastOrder.next().value ?? 0 }))
        .sort((left, right) => left.place - right.place)
      for (const { notification, place } of late) deliver(place % 2 === 0 ? 0 : 1, [notification])
      await Promise.all(underWay)

      const rows = await database.selectFrom('objects').select(['object_key', 'size_bytes'])
        .where('org_key', '=', orgKey).where('removed_at', 'is', null).execute()
      const counted = rows.map((row) => [row.object_key, Number(row.size_bytes)])
      const stored = keys.flatMap((key) => bucket.sizeOf(key) === undefined ? [] : [[key, bucket.sizeOf(key)]])
      equal(counted.sort(), stored.sort(), 'rows')
      equal(await auditSums(database), [], 'differences between sums and rows')
      const usage = await readStorageUsage(database, { orgKey })
      const totalBytes = stored.reduce((total, [, sizeBytes]) => total + Number(sizeBytes), 0)
      equal([usage.totalBytes, usage.fileCount], [totalBytes, stored.length], 'usage')
    })
    // It may happen that none of a hundred runs breaks one.
    for (let round = 0; seen.brokenCount === 0 && round < 20; round++) await fc.assert(property, { numRuns: runs })
    t.ok(seen.brokenCount > 0, `${seen.brokenCount} requests of ${seen.caseCount} cases failed midway`)
  })
}

function keyOf (orgKey: string, index: number): string {
  const id = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`
  const direction = index % 2 === 0 ? 'inputs' : 'outputs'
  return `${orgKey}/workflows/${id(1 + index % 2)}/runs/${id(3)}/users/${id(4)}/${direction}/AAAAAAAAAAAAAAAAAAAAA${index}/a b+ü%20.txt`
}

function equal (found: unknown, wanted: unknown, what: string): void {
  const [left, right] = [found, wanted].map((value) => JSON.stringify(value, bigintText))
  if (left !== right) throw new Error(`${what}: found ${left}, wanted ${right}`)
}

function bigintText (_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
