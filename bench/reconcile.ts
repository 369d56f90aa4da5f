/*
 * How fast a reconcile goes beside a bare listing of the same bucket, and what memory it takes.
 *
 *   BENCH_DATABASE_URL=postgres://… npm run bench:reconcile
 *
 * BENCH_OBJECTS is the bucket's size, 200,000 by default.
 */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import pg from 'pg'
import { Pool } from 'undici'
import { connectPostgres } from '../db/connect.js'
import { migrateToLatest } from '../db/migrate.js'
import { reconcile } from '../db/reconcile.js'
import { createBucketListing } from '../objects/bucket-listing.js'
import { createPresign } from '../objects/presigning.js'
import { StoreConnection } from '../objects/store-connection.js'
import { benchProgram, startServer } from './child-process.js'
import { objectKeyAt } from './listed-keys.js'
import { compare, format } from './measure.js'

const ROUNDS = 5
const WRITERS = 32
const serverUrl = process.env.BENCH_DATABASE_URL
const objectCount = Number(process.env.BENCH_OBJECTS ?? 200_000)
if (serverUrl === undefined) throw new Error('BENCH_DATABASE_URL must name a PostgreSQL server that databases may be made on.')

const account = { S3_BUCKET: 'objects', S3_ACCESS_KEY: 'access', S3_SECRET_KEY: 'secret' }
const store = await startServer(benchProgram('embedded-store'), account)
const target = { endpoint: store.origin, region: 'us-east-1', bucket: 'objects', accessKey: 'access', secretKey: 'secret' }
const connection = new StoreConnection(target, { connectTimeoutMs: 5_000, firstByteTimeoutMs: 60_000, idleTimeoutMs: 60_000 })
try {
  await fillBucket()
  await withDatabase(compareWithListing)
  const [few, many] = [100_000, 1_000_000]
  const peaks = [await withDatabase((url) => peakMemory(url, few)), await withDatabase((url) => peakMemory(url, many))]
  console.log(`Peak memory of a process that imports and compares ${few} and ${many} objects: ${peaks.join(' and ')} MiB`)
} finally {
  await connection.close()
  await store.stop()
}

async function fillBucket (): Promise<void> {
  const presign = createPresign(target)
  const pool = new Pool(store.origin, { connections: WRITERS })
  let next = 0
  await Promise.all(Array.from({ length: WRITERS }, async () => {
    for (let index = next++; index < objectCount; index = next++) {
      const url = presign({ method: 'PUT', objectKey: objectKeyAt(index), signedAt: new Date(), expiresInSeconds: 300 })
      const { body, statusCode } = await pool.request({ method: 'PUT', path: url.slice(store.origin.length), body: 'x' })
      await body.dump()
      if (statusCode !== 200) throw new Error(`The store answers a PUT with ${statusCode}.`)
    }
  }))
  await pool.close()
}

async function compareWithListing (url: string): Promise<void> {
  const database = connectPostgres(url, () => {})
  await migrateToLatest(database)
  const listBucket = createBucketListing(connection)
  const askStore = async () => { throw new Error('Nothing else changes this catalogue.') }
  const listBare = () => keysPerSecond(async () => {
    let listedCount = 0
    for await (const { objects } of listBucket({ prefix: '', startAfter: '' })) listedCount += objects.length
    return listedCount
  })
  const reconcileAll = () => keysPerSecond(async () => {
    let listedCount = 0
    const context = { database, listBucket, askStore, clockSkewMs: 5_000 }
    for await (const { counts } of reconcile(context, { prefix: '', startAfter: '', dryRun: false })) listedCount = counts.listedCount
    return listedCount
  })
  console.log(`Importing ${objectCount} objects into an empty database: ${Math.round(await reconcileAll())} keys/s`)
  const { first, second, ratio } = await compare(ROUNDS, reconcileAll, listBare)
  console.log(`Reconcile, keys/s: ${format(first)}\nBare listing, keys/s: ${format(second)}\nRatio: ${format(ratio, 2)}`)
  await database.destroy()
}

async function keysPerSecond (work: () => Promise<number>): Promise<number> {
  const startedAtMs = performance.now()
  const listedCount = await work()
  if (listedCount !== objectCount) throw new Error(`${listedCount} objects were listed.`)
  return listedCount / (performance.now() - startedAtMs) * 1000
}

async function peakMemory (url: string, objects: number): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, benchProgram('reconcile-memory'), {
    env: { ...process.env, DATABASE_URL: url, OBJECTS: String(objects) },
  })
  process.stdout.write(stdout)
  return Number(/peak MiB: (\d+)/.exec(stdout)?.[1])
}

async function withDatabase<Result> (work: (url: string) => Promise<Result>): Promise<Result> {
  const name = `bench_${randomUUID().replaceAll('-', '')}`
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  await client.query(`create database ${name}`)
  const url = new URL(serverUrl ?? '')
  url.pathname = `/${name}`
  try {
    return await work(url.href)
  } finally {
    await client.query(`drop database ${name} with (force)`)
    await client.end()
  }
}
