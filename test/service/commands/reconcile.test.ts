import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import t, { type Test } from 'tap'
import { auditSums } from '../../../db/usage/audit.js'
import { connectPostgres } from '../../../db/connection/pool.js'
import type { Database } from '../../../db/connection/tables.js'
import { readStorageUsage } from '../../../db/usage/storage-usage.js'
import { connectEmbeddedPostgres } from '../../../embedded/postgres/pool.js'
import { databaseKinds } from '../../support/database.js'
import { startListingServer } from '../../support/listing-server.js'
import { compileCommands } from '../../support/command-process.js'
import { TOKEN_SECRET } from '../../support/service.js'

const fileNames = ['100%.csv', 'a b.csv', 'a+b.csv', 'a%20b.csv', 'ünïcödé.csv', '文件.csv', 'plots/2026/ä b+c%.csv']
const keyOf = (index: number) => 'acme/workflows/00000000-0000-4000-8000-000000000001/runs/00000000-0000-4000-8000-000000000002/' +
  `users/00000000-0000-4000-8000-000000000003/outputs/AAAAAAAAAAAAAAAAAA${String(index).padStart(4, '0')}/${fileNames[index % fileNames.length]}`
const keys = Array.from({ length: 6_000 }, (_, index) => keyOf(index))
const commands = await compileCommands(t)
const foreignKeys = ['zz/secret\u{1b}[31m', 'zz/two']

/** Opens the database that the commands were run on. */
function open (environment: Record<string, string>): Kysely<Database> {
  const { DATABASE_URL, DATA_DIR = '' } = environment
  return DATABASE_URL === undefined ? connectEmbeddedPostgres<Database>(join(DATA_DIR, 'database')) : connectPostgres(DATABASE_URL, () => {})
}

/** Simulates that the lease of a killed process has expired. */
async function endLeases (environment: Record<string, string>): Promise<void> {
  const database = open(environment)
  try {
    await sql`update leases set expires_at = clock_timestamp()`.execute(database)
  } finally {
    await database.destroy()
  }
}

async function inspect (environment: Record<string, string>) {
  const database = open(environment)
  try {
    const { fileCount, totalBytes, reconciledAt } = await readStorageUsage(database, { orgKey: 'acme' })
    return { fileCount, totalBytes, isReconciled: reconciledAt !== null, differences: await auditSums(database) }
  } finally {
    await database.destroy()
  }
}

for (const { kind, skip, create } of databaseKinds) {
  t.test(`reconcile as a command on ${kind === 'embedded' ? 'the embedded database' : 'a PostgreSQL server'}`, { skip }, async (t) => {
    const place = async (t: Test): Promise<Record<string, string>> => {
      if (kind === 'embedded') return { DATA_DIR: t.testdir() }
      const { url, close } = await create()
      t.teardown(close)
      return { DATABASE_URL: url }
    }

    t.test('killed half way, it continues from there', async (t) => {
      const store = await startListingServer(t, keys)
      const environment = { ...store.environment, ...await place(t), JWT_SECRET: TOKEN_SECRET }
      store.allowPages(5)
      const killed = commands.start('reconcile', [], environment)
      await Promise.race([store.silent(), killed.ended])
      killed.child.kill('SIGKILL')
      t.equal((await killed.ended).signal, 'SIGKILL')

      await endLeases(environment)
      store.allowPages(Infinity)
      const { exitCode, output, errors } = await commands.run('reconcile', ['--json'], environment)
      t.equal(exitCode, 0, errors)
      const result = JSON.parse(output)
      t.match(result, { status: 'complete', resumed: true, listed: 6000, removed: 0, corrected: 0, left: 0, unsettled: 0 })
      // The killed process may have committed more than it had recorded.
      t.ok(result.added >= 2000 && result.added <= 6000, `${result.added} added`)
      t.ok(keys.indexOf(store.begun[1] ?? '') >= 999, 'the second listing begins where the first one was settled')
      t.strictSame(await inspect(environment), { fileCount: 6000, totalBytes: 6000, isReconciled: true, differences: [] })
    })

    // Starting a process takes a while, and the kind of database makes no difference here.
    const isCounted = kind === 'embedded'
    t.test('a dry run counts the differences and leaves them', { skip: !isCounted && 'done once' }, async (t) => {
      const store = await startListingServer(t, [...keys.slice(0, 10), ...foreignKeys])
      const environment = { ...store.environment, ...await place(t), JWT_SECRET: TOKEN_SECRET }
      const dry = await commands.run('reconcile', ['--dry-run', '--json', '--show-foreign'], environment)
      t.equal(dry.exitCode, 1, dry.errors)
      t.match(JSON.parse(dry.output), { dryRun: true, added: 10, foreign: { count: 2, bytes: 2, sample: [{ key: /^sha256:[0-9a-f]{16}$/ }, {}] } })
      t.match(await inspect(environment), { fileCount: 0, isReconciled: false })

      const other = await commands.run('reconcile', ['--org', 'other'], environment)
      t.match(other, { exitCode: 0, output: /Looked at 0 objects/ })
      const real = await commands.run('reconcile', ['--show-foreign', '--reveal-keys'], environment)
      t.equal(real.exitCode, 0, real.errors)
      t.match(real.output, /Looked at 12 objects: 10 added, 0 removed, 0 corrected\.\n2 objects of 2 bytes/)
      t.match(real.output, 'zz/secret\u{fffd}[31m')
      const again = await commands.run('reconcile', ['--dry-run'], environment)
      t.match(again, { exitCode: 0, output: /0 added/ })
      t.notMatch(again.output + again.errors, /secret|acme\//)
    })

    t.test('of two at once the second says so and stops, and Ctrl-C leaves the first one to be gone on with', async (t) => {
      const store = await startListingServer(t, keys)
      const environment = { ...store.environment, ...await place(t), JWT_SECRET: TOKEN_SECRET }
      store.allowPages(3)
      const first = commands.start('reconcile', ['--json'], environment)
      await Promise.race([store.silent(), first.ended])
      const second = await commands.run('reconcile', ['--json'], environment)
      t.equal(second.exitCode, 2)
      t.match(second.errors, kind === 'embedded' ? /in use by process \d+/ : /Another reconcile is running/)
      t.equal(second.output, '')

      first.child.kill('SIGINT')
      const { exitCode, output } = await first.ended
      t.equal(exitCode, 1)
      t.match(JSON.parse(output), { status: 'interrupted' })
      store.allowPages(Infinity)
      const third = await commands.run('reconcile', ['--json'], environment)
      t.match(JSON.parse(third.output), { status: 'complete', resumed: true, listed: 6000 })
    })
  })
}

t.test('what makes no sense or cannot be reached is exit code 2, in one line', async (t) => {
  const environment = { DATA_DIR: t.testdir() }
  for (const [options, message] of [
    [['--nonsense'], /--nonsense/],
    [['--org', 'acme', '--prefix', 'other/'], /--prefix must begin/],
    [['--parallel', '17'], /--parallel must be a number of ranges from 1 to 16/],
  ] as const) {
    const { exitCode, errors } = await commands.run('reconcile', options, environment)
    t.equal(exitCode, 2)
    t.match(errors, message)
    t.equal(errors.trim().split('\n').length, 1)
  }
  const lost = await commands.run('reconcile', ['--json'], { DATABASE_URL: 'postgres://127.0.0.1:1/none', JWT_SECRET: TOKEN_SECRET, ...environment })
  t.equal(lost.exitCode, 2)
  t.match(lost.errors, /^DATABASE_URL: The database does not answer/)
})

t.test('--help explains the command', async (t) => {
  const { exitCode, output } = await commands.run('reconcile', ['--help'], {})
  t.equal(exitCode, 0)
  t.match(output, /--dry-run/)
})
