/*
 * Imports a bucket of synthetic objects into an empty database, compares it once more, and prints this process's peak memory in
 * MiB. Argument: the number of objects. For reconcile.ts.
 */
import { connectPostgres } from '../../db/connection/pool.js'
import { migrateToLatest } from '../../db/connection/migrate.js'
import { reconcile } from '../../reconcile/reconcile.js'
import type { ListBucket } from '../../store/listing-pages.js'
import { objectKeyAt } from '../cases/listed-keys.js'

const PAGE_KEYS = 1000
const { DATABASE_URL = '' } = process.env
const objectCount = Number(process.argv[2])
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
  const context = { database, listBucket, askStore, clockSkewMs: 5_000 }
  let listedCount = 0
  for await (const { counts } of reconcile(context, { prefix: '', startAfter: '', dryRun: false })) listedCount = counts.listedCount
  if (listedCount !== objectCount) throw new Error(`${listedCount} objects were looked at.`)
}
await database.destroy()
console.log(process.resourceUsage().maxRSS / 1024)
