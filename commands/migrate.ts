import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadConfig } from '../config.js'
import { createRdsPassword } from '../db/connection/password.js'
import { connectPostgres } from '../db/connection/pool.js'
import type { Database } from '../db/connection/tables.js'
import { migrateToLatest } from '../db/connection/migrate.js'
import { claimDataDirectory } from '../embedded/data-directory.js'
import { connectEmbeddedPostgres } from '../embedded/postgres/pool.js'
import { runCommand } from './command.js'
import { EXIT_CLEAN } from './outcome.js'

const HELP = `Brings the configured database to the newest schema, and says what it did. The service does the same
when it starts.

  npm run migrate

Exit code: 0 the schema is the newest, 2 it could not be brought there.
`

runCommand(HELP, async () => {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h', default: false } } })
  if (values.help) return undefined
  const config = loadConfig(process.env, { verifiesTokens: false })
  const { DATABASE_URL, DATABASE_CA, DATABASE_POOLER, DATABASE_AUTH, DATABASE_PASSWORD, DATA_DIR } = config
  const release = DATABASE_URL === undefined ? claimDataDirectory(DATA_DIR) : () => {}
  const passwordSource = DATABASE_PASSWORD === undefined ? undefined : () => DATABASE_PASSWORD
  const database = DATABASE_URL === undefined
    ? connectEmbeddedPostgres<Database>(join(DATA_DIR, 'database'))
    : connectPostgres(DATABASE_URL, (error) => console.error(error.message), {
      pooler: DATABASE_POOLER,
      caFile: DATABASE_CA,
      password: DATABASE_AUTH === 'aws-iam' ? await createRdsPassword(DATABASE_URL) : passwordSource,
    })
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
