import { Pool } from 'undici'
import { connectPostgres } from '../../db/connection/pool.js'
import { migrateToLatest } from '../../db/connection/migrate.js'
import { reconcile } from '../../reconcile/reconcile.js'
import { FixedCredentials } from '../../store/credentials.js'
import { createBucketListing } from '../../store/bucket-listing.js'
import { createPresign } from '../../store/presigning.js'
import { StoreConnection } from '../../store/connection.js'
import type { Case } from '../bench.js'
import { benchProgram, runProgram, startServer } from '../child-process.js'
import { atLeast, beside, growth, interleave, spread } from '../measure.js'
import { OBJECTS_OF_WORKFLOW, objectKeyAt } from './listed-keys.js'

const OBJECTS = 200_000
const MEMORY_OBJECTS = [100_000, 1_000_000] as const
const MEMORY_MAX_MIB = 100
const WRITERS = 32
const DELAY_MS = 20
const RANGES = 8
const [workflowPrefix = ''] = objectKeyAt(0).split('runs/')
const account = { S3_BUCKET: 'objects', S3_ACCESS_KEY: 'access', S3_SECRET_KEY: 'secret' }

/**
 * How fast a reconcile is compared with a bare listing of the same bucket in the embedded store, when it imports into an empty
 * catalogue and when it compares with one that agrees; what ranges side by side gain where the store is far away; and how much
 * memory it takes, over a listing generated as it is read.
 */
export const reconciliation: Case = async function * ({ postgres, rounds }) {
  if (postgres === undefined) return
  const store = await startServer(benchProgram('embedded-store'), account)
  const farStore = await startServer(benchProgram('far-store'), { OBJECTS: String(OBJECTS), DELAY_MS: String(DELAY_MS) })
  const target = { endpoint: store.origin, region: 'us-east-1', bucket: 'objects', credentials: new FixedCredentials({ accessKey: 'access', secretKey: 'secret' }) }
  const timeouts = { connectTimeoutMs: 5_000, firstByteTimeoutMs: 60_000, idleTimeoutMs: 60_000 }
  const connection = new StoreConnection(target, timeouts)
  const farConnection = new StoreConnection({ ...target, endpoint: farStore.origin }, timeouts)
  const listBucket = createBucketListing(connection)
  const listFarBucket = createBucketListing(farConnection)
  const askStore = async () => { throw new Error('Nothing else changes this catalogue.') }
  const open = async () => {
    const database = connectPostgres(await postgres.createDatabase(), () => {})
    await migrateToLatest(database)
    return database
  }
  type Open = Awaited<ReturnType<typeof open>>
  const reconcileAll = (
    database: Open, { prefix = '', expected = OBJECTS, list = listBucket, parallel = 1 } = {},
  ) => keysPerSecond(expected, async () => {
    let listedCount = 0
    const context = { database, listBucket: list, askStore, clockSkewMs: 5_000 }
    const options = { prefix, startAfter: '', dryRun: false, parallel }
    for await (const { counts } of reconcile(context, options)) listedCount = counts.listedCount
    return listedCount
  })
  const agreeing = await open()
  try {
    await fillBucket(store.origin, createPresign(target))
    await reconcileAll(agreeing)
    const figures = await interleave(rounds, {
      listed: () => keysPerSecond(OBJECTS, async () => {
        let listedCount = 0
        for await (const { objects } of listBucket({ prefix: '', startAfter: '' })) listedCount += objects.length
        return listedCount
      }),
      compared: () => reconcileAll(agreeing),
      comparedFew: () => reconcileAll(agreeing, { prefix: workflowPrefix, expected: OBJECTS_OF_WORKFLOW }),
      comparedFar: () => reconcileAll(agreeing, { list: listFarBucket }),
      comparedFarInRanges: () => reconcileAll(agreeing, { list: listFarBucket, parallel: RANGES }),
      imported: async () => {
        const empty = await open()
        try {
          return await reconcileAll(empty)
        } finally {
          await empty.destroy()
        }
      },
    })
    const listing = { name: 'bare listing', figures: figures.listed }
    const objects = `${OBJECTS.toLocaleString('en')} objects`
    yield beside(`Reconcile of ${objects} that agree`, 'keys/s', figures.compared, listing, atLeast(0.7))
    yield growth(`Growth of its time from ${OBJECTS_OF_WORKFLOW.toLocaleString('en')} objects`,
      { size: OBJECTS_OF_WORKFLOW, cost: OBJECTS_OF_WORKFLOW / spread(figures.comparedFew).median },
      { size: OBJECTS, cost: OBJECTS / spread(figures.compared).median })
    yield beside(`Reconcile in ${RANGES} ranges where the store takes ${DELAY_MS} ms a page`, 'keys/s', figures.comparedFarInRanges,
      { name: 'one range', figures: figures.comparedFar }, atLeast(4))
    yield beside(`Import of ${objects} into an empty catalogue`, 'keys/s', figures.imported, listing)
  } finally {
    await agreeing.destroy()
    await Promise.all([connection.close(), farConnection.close()])
    await farStore.stop()
    await store.stop()
  }

  const peaks: Array<{ size: number, cost: number }> = []
  for (const size of MEMORY_OBJECTS) {
    const [cost = NaN] = await runProgram('reconcile-memory', [String(size)], { environment: { DATABASE_URL: await postgres.createDatabase() } })
    peaks.push({ size, cost })
  }
  const [few, many] = peaks
  if (few === undefined || many === undefined) return
  yield {
    case: `Most memory of a reconcile of ${many.size.toLocaleString('en')} objects`,
    unit: 'MiB',
    measured: spread([many.cost]),
    peer: { name: `of ${few.size.toLocaleString('en')}`, measured: spread([few.cost]) },
    ratio: spread([many.cost / few.cost]),
    target: { text: `within ${MEMORY_MAX_MIB} MiB`, isMet: many.cost - few.cost <= MEMORY_MAX_MIB },
  }
  yield growth('Growth of a reconcile\'s memory', few, many)
}

async function fillBucket (origin: string, presign: ReturnType<typeof createPresign>): Promise<void> {
  const pool = new Pool(origin, { connections: WRITERS })
  let next = 0
  await Promise.all(Array.from({ length: WRITERS }, async () => {
    for (let index = next++; index < OBJECTS; index = next++) {
      const url = presign({ method: 'PUT', objectKey: objectKeyAt(index), signedAt: new Date(), expiresInSeconds: 300 })
      const { body, statusCode } = await pool.request({ method: 'PUT', path: url.slice(origin.length), body: 'x' })
      await body.dump()
      if (statusCode !== 200) throw new Error(`The store answers a PUT with ${statusCode}.`)
    }
  }))
  await pool.close()
}

async function keysPerSecond (expected: number, work: () => Promise<number>): Promise<number> {
  const startedAtMs = performance.now()
  const listedCount = await work()
  if (listedCount !== expected) throw new Error(`${listedCount} objects were listed.`)
  return listedCount / (performance.now() - startedAtMs) * 1000
}
