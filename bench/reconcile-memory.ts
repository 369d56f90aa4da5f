/*
 * Imports a bucket of so many synthetic objects into an empty database, and compares it once more; says the most memory that
 * this process took. Run by reconcile.ts, in a process of its own.
 */
import { connectPostgres } from '../db/connect.js'
import { migrateToLatest } from '../db/migrate.js'
import { reconcile } from '../db/reconcile.js'
import type { ListBucket } from '../objects/bucket-listing.js'
import { objectKeyAt } from './listed-keys.js'

const PAGE_KEYS = 1000
const { DATABASE_URL = '', OBJECTS = '' } = process.env
const objectCount = Number(OBJECTS)
const database = connectPostgres(DATABASE_URL, () => {})
await migrateToLatest(database)

const listBucket: ListBucket = async function * () {
  for (let from = 0; from < objectCount; from += PAGE_KEYS) {
    yield {
      objects: Array.from({ length: Math.min(PAGE_KEYS, objectCount - from) }, (_, offset) => ({
        objectKey: objectKeyAt(from + offset), sizeBytes: from + offset, entityTag: 'd41d8cd98f00b204e9800998ecf8427e',
      })),
      observedAt: new Date(),
      isLast: from + PAGE_KEYS >= objectCount,
    }
  }
}
const askStore = async () => { throw new Error('Nothing else changes this catalogue.') }
for (let round = 0; round < 2; round++) {
  const startedAtMs = performance.now()
  const context = { database, listBucket, askStore, clockSkewMs: 5_000 }
  let listedCount = 0
  for await (const { counts } of reconcile(context, { prefix: '', startAfter: '', dryRun: false })) listedCount = counts.listedCount
  const keysPerSecond = listedCount / (performance.now() - startedAtMs) * 1000
  console.log(`${objectCount} objects, ${round === 0 ? 'imported' : 'compared'}: ${Math.round(keysPerSecond)} keys/s`)
}
await database.destroy()
console.log(`peak MiB: ${Math.round(process.resourceUsage().maxRSS / 1024)}`)
