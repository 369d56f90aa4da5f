import t from 'tap'
import { compileCommands } from '../../support/command-process.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { startService } from '../../support/service.js'
import { openEmbeddedStore } from '../../support/stores.js'

const JWT_SECRET = 'a-secret-for-tokens-that-is-long-enough'

t.test('set-aside names, shows, replays and discards records, and keeps keys to itself', {
  skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set',
}, async (t) => {
  const commands = await compileCommands(t)
  const { database, url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  const store = await openEmbeddedStore()
  t.teardown(store.close)
  const environment = { ...store.environment, DATABASE_URL: url, JWT_SECRET }
  const { app, putFile } = await startService(t, environment)
  const objectKey = await putFile('unheard of')
  const message = { account: 'a', action: 'PutObject', bucket: app.storeTarget.bucket, object: { key: objectKey, size: 1 }, eventTime: '' }
  await database.insertInto('set_aside_events').values([
    { reason: 'record_malformed', record: JSON.stringify(message) },
    { reason: 'key_malformed', record: JSON.stringify({ [objectKey]: objectKey }) },
  ]).execute()
  const run = async (...options: string[]) => await commands.run('set-aside', options, environment)

  const listed = await run('list')
  t.equal(listed.exitCode, 0, listed.errors)
  const [first = '', second = ''] = listed.output.trim().split('\n')
  t.match(first, /^\d+ {2}\d{4}-\S+Z {2}record_malformed {2}sha256:[0-9a-f]{16}$/)
  t.match(second, /key_malformed {2}\(no key\)$/)
  const [id = ''] = first.split(' ')
  t.match((await run('list', '--reason', 'record_malformed', '--json', '--reveal-keys')).output, JSON.stringify([objectKey]))
  t.match((await run('show', '--id', id)).output, /"action": "\(9 characters\)"/)
  t.equal((await run('show', '--id', id, '--reveal-keys')).output.trim(), JSON.stringify(message))
  const [otherId = ''] = second.split(' ')
  for (const { output } of [listed, await run('show', '--id', id), await run('show', '--id', otherId)]) t.notMatch(output, objectKey.slice(-30))

  const replayed = await run('replay')
  t.equal(replayed.exitCode, 1, replayed.errors)
  t.match(replayed.output, /record_malformed {2}sha256:[0-9a-f]{16} {2}counted\n.*key_malformed {2}\(no key\) {2}not_understood\n$/)
  const { size_bytes: sizeBytes } = await database.selectFrom('usage_sums').select('size_bytes').executeTakeFirstOrThrow()
  t.equal(sizeBytes, 10n)
  t.match(await run('discard', '--all'), { exitCode: 0, output: 'Removed 1 records.\n' })
  t.match(await run('list'), { exitCode: 0, output: '' })
  for (const [options, message] of [
    [[], 'Say what to do'], [['empty'], 'Say what to do'], [['show'], 'show needs --id'], [['discard'], 'discard needs'],
    [['list', '--id', 'x'], '--id must be'], [['list', '--since', 'yesterday'], '--since must be'], [['show', '--id', '1'], 'no such record'],
  ] as const) t.match(await run(...options), { exitCode: 2, errors: message })
})
