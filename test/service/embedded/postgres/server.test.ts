import { randomUUID } from 'node:crypto'
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import t, { type Test } from 'tap'
import { PostgresServer, type ServerOptions } from '../../../../embedded/postgres/server.js'
import { makeFolder } from '../../../support/embedded-folder.js'
import { createEmbeddedDirectory } from '../../../support/embedded-template.js'

const FIXTURE = '../../../fixtures/pglite-0.5.16-pg_control.hex'

// A server does not keep this process from ending while a test waits for something of it.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => { clearInterval(alive) })

/** What a statement returns on a connection of its own. */
async function ask (url: string, statement: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows: [row] } = await client.query({ text: statement, rowMode: 'array' })
    return row?.[0]
  } finally {
    await client.end()
  }
}

function serverOf (t: Pick<Test, 'teardown'>, directory: string, options: ServerOptions = {}): PostgresServer {
  const server = new PostgresServer(directory, options)
  t.teardown(() => server.stop())
  return server
}

/** The process that serves a folder. */
async function processOf (directory: string): Promise<number> {
  return Number.parseInt(await readFile(join(directory, 'postmaster.pid'), 'utf8'), 10)
}

t.test('a new folder gets a database that keeps what was committed until the next start', async (t) => {
  const directory = join(await makeFolder(t), 'new', 'database')
  const first = serverOf(t, directory)
  const [url, sameUrl] = await Promise.all([first.start(), first.start()])
  t.equal(url, sameUrl)
  await ask(url, 'create table kept as select \'Ärger\' as word')
  t.match(await ask(url, 'select version()'), /^PostgreSQL 18\./)
  t.equal(await ask(url, 'select upper(word) from kept'), 'ÄRGER', 'characters have their case in every language')
  t.equal(await ask(url, 'show fsync'), 'on')
  t.equal(await ask(url, 'show synchronous_commit'), 'on')
  await first.stop()
  t.strictSame(await readdir(join(directory, '..')), ['database'], 'nothing else is left')

  const second = serverOf(t, directory)
  t.equal(await ask(await second.start(), 'select word from kept'), 'Ärger')
})

t.test('only who can enter its folder gets to it', async (t) => {
  const directory = join(await makeFolder(t), 'database')
  await createEmbeddedDirectory(directory)
  const url = await serverOf(t, directory).start()
  t.equal(await ask(url, 'show listen_addresses'), '')
  t.equal((await stat(directory)).mode & 0o777, 0o700)
  const withoutPassword = new URL(url)
  withoutPassword.password = 'guessed'
  await t.rejects(ask(withoutPassword.href, 'select'), { code: '28P01' })
})

t.test('a folder whose path is too long for a socket does as well', async (t) => {
  const directory = join(await makeFolder(t), 'long-'.repeat(30), 'database')
  await createEmbeddedDirectory(directory)
  t.equal(await ask(await serverOf(t, directory).start(), 'select 1'), 1)
})

t.test('several connections work side by side', async (t) => {
  const directory = join(await makeFolder(t), 'database')
  await createEmbeddedDirectory(directory)
  const url = await serverOf(t, directory, { hasPort: true }).start()
  const clients = Array.from({ length: 10 }, () => new pg.Client({ connectionString: url }))
  await Promise.all(clients.map((client) => client.connect()))
  const numbers = await Promise.all(clients.map(async (client) => (await client.query('select pg_backend_pid() as id')).rows[0].id))
  t.equal(new Set(numbers).size, 10)
  await Promise.all(clients.map((client) => client.end()))
})

for (const [what, victim] of [
  ['the server is killed', async (directory: string) => await processOf(directory)],
  ['a process of the server is killed', async (_directory: string, url: string) => {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    await client.connect()
    return (await client.query('select pg_backend_pid() as id')).rows[0].id
  }],
] as const) {
  t.test(`after ${what}, it is told why, and all that was committed is there at the next start`, async (t) => {
    const directory = join(await makeFolder(t), 'database')
    await createEmbeddedDirectory(directory)
    let noteCrash = (_error: Error) => {}
    const crashed = new Promise<Error>((resolve) => { noteCrash = resolve })
    const server = serverOf(t, directory, { onCrash: (error) => { noteCrash(error) } })
    const url = await server.start()
    await ask(url, 'create table kept as select 1 as one')
    process.kill(await victim(directory, url), 'SIGKILL')
    t.match((await crashed).message, /^PostgreSQL ended: ./)
    t.equal(await ask(await server.start(), 'select one from kept'), 1)
  })
}

t.test('a server that a killed process has left behind is stopped first', async (t) => {
  const directory = join(await makeFolder(t), 'database')
  await createEmbeddedDirectory(directory)
  let noteEnd = () => {}
  const ended = new Promise<void>((resolve) => { noteEnd = resolve })
  // The same server, as far as the next process can see.
  const url = await serverOf(t, directory, { onCrash: () => { noteEnd() } }).start()
  await ask(url, 'create table kept as select 1 as one')
  const left = await processOf(directory)
  const next = serverOf(t, directory)
  t.equal(await ask(await next.start(), 'select one from kept'), 1)
  await ended
  t.not(await processOf(directory), left)
})

t.test('a process that now has the id of a server that ended is left alone', async (t) => {
  const directory = join(await makeFolder(t), 'database')
  await createEmbeddedDirectory(directory)
  await writeFile(join(directory, 'server-process'), `${process.pid}\nat another time`)
  await writeFile(join(directory, 'postmaster.pid'), `${process.pid}\n`)
  t.equal(await ask(await serverOf(t, directory).start(), 'select 1'), 1)
})

t.test('data that it cannot read is kept beside a new database', async (t) => {
  const control = Buffer.from((await readFile(join(import.meta.dirname, FIXTURE), 'utf8')).replaceAll('\n', ''), 'hex')
  for (const [what, file, content] of [
    ['PGlite\'s', 'global/pg_control', Buffer.concat([control], 8_192)],
    ['another version\'s', 'PG_VERSION', '17\n'],
  ] as const) {
    await t.test(what, async (t) => {
      const folder = await makeFolder(t)
      const directory = join(folder, 'database')
      await createEmbeddedDirectory(directory)
      await writeFile(join(directory, file), content)
      await writeFile(join(directory, 'kept'), what)
      const setAside: string[] = []
      const server = serverOf(t, directory, { onSetAside: (path) => setAside.push(path) })
      t.equal(await ask(await server.start(), 'select count(*)::int from pg_tables where schemaname = \'public\''), 0)
      t.strictSame(setAside, [join(folder, 'database-set-aside-1')])
      t.equal(await readFile(join(folder, 'database-set-aside-1', 'kept'), 'utf8'), what)
    })
  }
})

t.test('why it does not start is told in one line', async (t) => {
  const directory = join(await makeFolder(t), 'database')
  await createEmbeddedDirectory(directory)
  await t.rejects(serverOf(t, directory, { settings: { shared_buffers: `${randomUUID()}` } }).start(), {
    name: 'EmbeddedDatabaseError',
    message: /^The embedded database cannot run: PostgreSQL does not start, and says: [^\n]+\. DATABASE_URL names .+$/,
  })
})
