import { sql } from 'kysely'
import t from 'tap'
import { compileCommands } from '../../support/command-process.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { TOKEN_SECRET, admin, startService } from '../../support/service.js'
import { startServiceProcess } from '../../support/service-process.js'
import { startSilentServer } from '../../support/silent-server.js'
import { openEmbeddedStore } from '../../support/stores.js'

const skip = testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set'

t.test('a reconcile whose process was killed blocks others until its lease ends by the database\'s clock, and no longer', { skip }, async (t) => {
  const { database, url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  const store = await openEmbeddedStore()
  t.teardown(() => store.close())
  const { app, authorise } = await startService(t, { ...store.environment, DATABASE_URL: url })
  const killed = await startServiceProcess(t, await compileCommands(t), {
    DATABASE_URL: url,
    JWT_SECRET: TOKEN_SECRET,
    S3_ENDPOINT: await startSilentServer(t),
    S3_ACCESS_KEY: 'access',
    S3_SECRET_KEY: 'secret',
    S3_BUCKET: 'objects',
    // The machine may be busy with other tests.
    MAX_EVENT_LOOP_DELAY: '0',
  })
  const path = '/api/v1/objects/reconcile'
  const postThere = await fetch(new URL(path, killed.origin), { method: 'POST', headers: authorise(admin) })
  t.equal(postThere.status, 202)
  const post = async () => (await app.inject({ method: 'POST', url: path, headers: authorise(admin) })).statusCode
  t.equal(await post(), 409, 'while it is at work')

  killed.child.kill('SIGKILL')
  t.equal(await killed.exited, 'SIGKILL')
  t.equal(await post(), 409, 'after it was killed')
  const { rows: [lease] } = await sql<{ left_seconds: number }>`
    select extract(epoch from expires_at - clock_timestamp())::integer as left_seconds from leases where name = 'reconcile/acme'`
    .execute(database)
  t.ok(lease !== undefined && lease.left_seconds > 0 && lease.left_seconds <= 30, `${lease?.left_seconds} s`)

  await sql`update leases set expires_at = clock_timestamp() where name = 'reconcile/acme'`.execute(database)
  t.equal(await post(), 202, 'once it has ended')
})
