import { join } from 'node:path'
import { ConfigError, loadConfig } from '../config.js'
import { connectPostgres } from '../db/connection/pool.js'
import type { Database } from '../db/connection/tables.js'
import { migrateToLatest } from '../db/connection/migrate.js'
import { DataDirectoryInUseError, claimDataDirectory } from '../embedded/data-directory.js'
import { connectEmbeddedPostgres } from '../embedded/postgres/pool.js'

/** Brings the configured database to the newest schema, and says what it did. */
async function main (): Promise<void> {
  const { DATABASE_URL, DATA_DIR } = loadConfig(process.env, { verifiesTokens: false })
  const release = DATABASE_URL === undefined ? claimDataDirectory(DATA_DIR) : () => {}
  const database = DATABASE_URL === undefined
    ? connectEmbeddedPostgres<Database>(join(DATA_DIR, 'database'))
    : connectPostgres(DATABASE_URL, (error) => console.error(error.message))
  try {
    const { applied, newer } = await migrateToLatest(database)
    console.log(applied.length === 0 ? 'The database is up to date.' : `Applied: ${applied.join(', ')}.`)
    if (newer.length > 0) console.log(`A newer build has applied: ${newer.join(', ')}. They only add, so this build works as well.`)
  } finally {
    await database.destroy()
    release()
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError || error instanceof DataDirectoryInUseError ? error.message : error)
  process.exitCode = 1
})
