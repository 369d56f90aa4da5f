import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { sql } from 'kysely'
import t from 'tap'
import { startEmbeddedStore } from '../../../embedded/s3/object-store.js'
import { mintObjectKey } from '../../../objects/object-key.js'
import { compileCommands } from '../../support/command-process.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { TOKEN_SECRET, member, runId, startService, workflowId } from '../../support/service.js'

const FILES = 10
const commands = await compileCommands(t)

t.test('verify as a command', { skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set' }, async (t) => {
  const { url, database, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  const account = { accessKey: 'test', secretKey: 'secret-of-the-store' }
  const store = await startEmbeddedStore({ directory: t.testdir(), bucket: 'test', region: 'us-east-1', ...account })
  t.teardown(() => store.close())
  // A proxy in front of the store that answers no further file once it has reached its limit.
  let readsAllowed = Infinity
  const held = new EventEmitter()
  const isHeld = once(held, 'held')
  const gate = createServer((message, response) => {
    const isRead = message.method === 'GET' && !message.url?.startsWith('/test?')
    if (isRead && readsAllowed-- <= 0) held.emit('held')
    else store.answer(message, response, { target: message.url ?? '', host: message.headers.host ?? '' })
  }).listen(0, '127.0.0.1')
  await once(gate, 'listening')
  t.teardown(() => { gate.close().closeAllConnections() })
  const { port } = gate.address() as AddressInfo
  const environment = {
    DATABASE_URL: url,
    JWT_SECRET: TOKEN_SECRET,
    S3_ENDPOINT: `http://127.0.0.1:${port}`,
    S3_ACCESS_KEY: account.accessKey,
    S3_SECRET_KEY: account.secretKey,
    S3_BUCKET: 'test',
  }
  const { app, putFile } = await startService(t, { ...environment, S3_ENDPOINT: store.endpoint })
  for (let index = 0; index < FILES; index++) {
    const objectKey = await putFile(`file ${index}`, {
      objectKey: mintObjectKey({
        orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction: 'outputs', path: `secret-${index}.txt`,
      }),
    })
    await app.bucketEvents.recount(objectKey, { wasStored: true })
  }

  t.test('killed half way, it continues from there', async (t) => {
    readsAllowed = 6
    const killed = commands.start('verify', [], environment)
    await Promise.race([isHeld, killed.ended])
    killed.child.kill('SIGKILL')
    t.equal((await killed.ended).signal, 'SIGKILL')
    readsAllowed = Infinity
    const refused = await commands.run('verify', [], environment)
    t.match(refused, { exitCode: 2, errors: /Another verify is running/ })
    await sql`update leases set expires_at = clock_timestamp()`.execute(database)
    const { exitCode, output, errors } = await commands.run('verify', ['--json'], environment)
    t.equal(exitCode, 0, errors)
    t.match(JSON.parse(output), { status: 'complete', resumed: true, read: FILES, mismatched: 0, unreadable: 0, mismatches: [] })
    const { rows } = await sql<{ count: bigint }>`select count(*) from digests where is_verified`.execute(database)
    t.equal(Number(rows[0]?.count), FILES)
  })

  t.test('a file whose bytes are others is named by a hash, or by its key if that is asked for', async (t) => {
    await sql`
      update digests set value = sha256('other') where object_key = (select min(object_key) from digests)`.execute(database)
    const { exitCode, output, errors } = await commands.run('verify', ['--org', member.orgKey], environment)
    t.equal(exitCode, 1, errors)
    t.match(output, /^sha256:[0-9a-f]{16} {2}its sha256 is not what was verified\nRead 10 files of 60 bytes: 1 mismatches\.\n$/)
    t.notMatch(output + errors, /secret-/)
    const revealed = await commands.run('verify', ['--org', member.orgKey, '--reveal-keys', '--json'], environment)
    t.match(JSON.parse(revealed.output), { mismatched: 1, mismatches: [{ key: /secret-\d\.txt$/, algorithm: 'sha256', than: 'verified' }] })
    t.match(await commands.run('verify', ['--org', 'other'], environment), { exitCode: 0, output: /Read 0 files/ })
  })

  t.test('what makes no sense is exit code 2, in one line', async (t) => {
    for (const [options, message] of [
      [['--sample', '0'], /--sample must be/], [['--sample', '101'], /--sample must be/], [['--rate', 'fast'], /--rate must be/],
      [['--org', '../x'], /--org must be/], [['--unknown'], /unknown/],
    ] as const) t.match(await commands.run('verify', options, environment), { exitCode: 2, output: '', errors: message })
  })
})
