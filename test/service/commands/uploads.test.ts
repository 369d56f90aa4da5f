import t from 'tap'
import { mintObjectKey } from '../../../objects/object-key.js'
import { redactObjectKey } from '../../../objects/redacted-key.js'
import { compileCommands } from '../../support/command-process.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { TOKEN_SECRET, member, runId, startService, workflowId } from '../../support/service.js'
import { openEmbeddedStore } from '../../support/stores.js'

const MINUTE_MS = 60_000

t.test('unfinished uploads are listed and aborted by a command', {
  skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set',
}, async (t) => {
  const { url: DATABASE_URL, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  const store = await openEmbeddedStore()
  t.teardown(store.close)
  const environment = { ...store.environment, DATABASE_URL, JWT_SECRET: TOKEN_SECRET }
  const commands = await compileCommands(t)
  const { app, authorise } = await startService(t, environment)
  const begin = async (path: string) => (await app.inject({
    method: 'POST',
    url: '/api/v1/objects/uploads',
    headers: authorise(member),
    payload: { workflowId, runId, direction: 'outputs', path, contentType: 'text/plain', multipart: true, sizeBytes: 7 },
  })).json()
  const { multipart } = app.objectStorage
  const foreignKey = mintObjectKey({
    orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction: 'outputs', path: 'rclone\u{2028}.bin',
  })
  // Some minutes ago, by the store's clock.
  const clock = t.intercept(Date, 'now', { value: () => performance.timeOrigin + performance.now() - 10 * MINUTE_MS })
  const { objectKey, parts } = await begin('open')
  await multipart.initiate(foreignKey, 'text/plain')
  await multipart.initiate('globex/of another organisation', 'text/plain')
  clock.restore()
  await multipart.initiate('acme/young', 'text/plain')
  const sent = await fetch(parts[0].url, { method: 'PUT', body: 'content' })
  await sent.arrayBuffer()
  t.equal(sent.status, 200)

  const run = async (...options: string[]) => await commands.run('uploads', options, environment)
  const linesOf = (text: string) => text.trim().split('\n').map((line) => JSON.parse(line))

  const listed = await run('list', '--json')
  t.equal(listed.exitCode, 0, listed.errors)
  t.strictSame(linesOf(listed.output).map(({ key, state, bytes }) => [key, state, bytes]).sort(), [
    [redactObjectKey(objectKey), 'open', 7], [redactObjectKey(foreignKey), 'other', 0],
    [redactObjectKey('acme/young'), 'other', 0], [redactObjectKey('globex/of another organisation'), 'other', 0],
  ].sort())
  t.notMatch(listed.output + listed.errors, objectKey)
  t.match((await run('list', '--org', 'globex', '--reveal-keys')).output, /other {5}globex\/of another organisation\nFound 1 unfinished/)

  const older = ['abort', '--older-than', '5m', '--org', 'acme']
  const dry = await run(...older, '--dry-run')
  t.match(dry.output, redactObjectKey(foreignKey))
  t.match(dry.output, 'Would abort 1 unfinished uploads of 0 bytes. Left 1 unfinished uploads of 7 bytes, which are open.')
  t.match((await run(...older)).output, 'Aborted 1 unfinished uploads of 0 bytes. Left 1 unfinished uploads of 7 bytes, which are open.')
  const left = linesOf((await run('list', '--json', '--reveal-keys')).output).map(({ key }) => key)
  t.strictSame(left.sort(), [objectKey, 'acme/young', 'globex/of another organisation'].sort())
  const all = linesOf((await run('abort', '--older-than', '1s', '--json')).output)
  t.ok(all.every(({ state, aborted }) => aborted === (state !== 'open')))

  for (const [options, message] of [
    [['abort'], 'abort needs --older-than'], [['abort', '--older-than', '7'], '--older-than must be'], [[], 'Say what to do'],
    [['list', '--org', 'A/'], '--org must be'],
  ] as const) t.match(await run(...options), { exitCode: 2, errors: message })
  t.match((await run('--help')).output, 'npm run uploads')
})
