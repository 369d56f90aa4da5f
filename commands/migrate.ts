import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadConfig } from '../config.js'
import { connectPostgres } from '../db/connection/pool.js'
import type { Database } from '../db/connection/tables.js'
import { migrateToLatest } from '../db/connection/migrate.js'
import { claimDataDirectory } from '../embedded/data-directory.js'
import { connectEmbeddedPostgres } from '../embedded/postgres/pool.js'
import { EXIT_CLEAN, runCommand } from './command.js'

const HELP = `Brings the configured database to the newest schema, and says what it did. The service does the same at its start.

  npm run migrate

Exit code: 0 the schema is the newest, 2 it could not be brought there.
`

runCommand(async () => {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h', default: false } } })
  if (values.help) {
    console.log(HELP)
    return EXIT_CLEAN
  }
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
  return EXIT_CLEAN
})
