import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { DEMO_ORG_KEY } from '../../../embedded/demo/organisation.js'
import { compileCommands } from '../../support/command-process.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { TOKEN_SECRET, admin, startService } from '../../support/service.js'
import { openEmbeddedStore } from '../../support/stores.js'

t.test('share makes links, lists them and revokes them, and end-shares ends all', {
  skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set',
}, async (t) => {
  const commands = await compileCommands(t)
  const [{ url: databaseUrl, close }, store] = [await createServerDatabase(testDatabaseUrl ?? ''), await openEmbeddedStore()]
  t.teardown(close)
  t.teardown(store.close)
  const environment = {
    ...store.environment, DATABASE_URL: databaseUrl, JWT_SECRET: TOKEN_SECRET, SERVICE_SECRET: 'a-secret-of-the-service-and-its-commands',
  }
  const { app, authorise, putFile } = await startService(t, environment)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const objectKey = await putFile('shared')
  const token = authorise({ ...admin, orgKey: objectKey.split('/')[0] ?? '' }).authorization.replace('Bearer ', '')
  const open = async (link: string) => (await fetch(link.trim(), { redirect: 'manual' })).status
  const share = async (...options: string[]) => {
    const { exitCode, output, errors } = await commands.run('objects-storage', ['share', ...options], {
      OBJECTS_STORAGE_URL: url, OBJECTS_STORAGE_TOKEN: token,
    })
    t.equal(exitCode, 0, errors)
    return output
  }

  const link = await share(objectKey, '--expires-in', '1h', '--note', 'for a test')
  t.equal(await open(link), 302)
  const [listed = ''] = (await share('list', '--json')).split('\n')
  const { id, note } = JSON.parse(listed)
  t.equal(note, 'for a test')
  t.match(await share('revoke', id), /^Revoked\. Downloads may still begin until /)
  t.equal(await open(link), 404)
  t.match(await share('list'), /revoked/)

  const further = await share(objectKey)
  t.equal(await open(further), 302)
  const ended = await commands.run('end-shares', [], environment)
  t.match(ended, { exitCode: 0, output: /^Every share link made so far has ended\./ })
  // Repeated until the replica has read the revocation.
  while (await open(further) === 302) await setTimeout(50)

  const local = await commands.run('share', ['list', '--url', url], { JWT_SECRET: TOKEN_SECRET })
  t.strictSame(local, { exitCode: 0, signal: null, output: '', errors: '' }, `${DEMO_ORG_KEY} has none`)
  for (const [options, message] of [
    [[], /Name either a file by its key, or a run/],
    [[objectKey, '--expires-in', '31d'], /--expires-in must be a time/],
    [['revoke'], /Name the link to revoke/],
  ] as const) {
    const { exitCode, errors } = await commands.run('share', [...options, '--url', url], { JWT_SECRET: TOKEN_SECRET })
    t.equal(exitCode, 2)
    t.match(errors, message)
  }
})
