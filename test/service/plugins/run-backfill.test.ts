import t from 'tap'
import { migrateToLatest } from '../../../db/connection/migrate.js'
import { objectIndexes } from '../../../db/migrations/0009-runs.js'
import { takeLease } from '../../../db/leases.js'
import { auditSums } from '../../../db/usage/audit.js'
import { mintObjectKey } from '../../../objects/object-key.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { downgradeToFirstVersion, writeEventAsFirstVersion } from '../../support/earlier-build.js'
import { type TestService, admin, member, runId, startService, workflowId } from '../../support/service.js'
import { openEmbeddedStore } from '../../support/stores.js'

const FILES = 25

/** Gives a service that does not listen yet the catalogue of version 0.1, with files, and migrates it. */
async function upgrade ({ app }: TestService): Promise<void> {
  await downgradeToFirstVersion(app.database)
  for (let index = 0; index < FILES; index++) {
    const path = `file-${index}`
    const objectKey = mintObjectKey({ orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'inputs', path })
    await writeEventAsFirstVersion(app.database, objectKey, index)
  }
  await migrateToLatest(app.database)
}

const readiness = async ({ app }: TestService) => (await app.inject('/health/ready')).json()

t.test('after an update the service works while it counts files in their runs, and says so', async (t) => {
  const service = await startService(t)
  const { app, authorise, nextLine } = service
  await upgrade(service)
  t.strictSame(await readiness(service), {
    status: 'degraded', parts: { objectStorage: 'up', database: 'up', runs: 'counting' },
  })
  await t.rejects(app.runs.requireCounted(), { code: 'NOT_READY', statusCode: 503 })
  const usage = await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(admin) })
  t.match(usage.json(), { fileCount: FILES })

  const counted = nextLine(({ msg }) => msg === 'counted all files in their runs')
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.match(await counted, { placedCount: FILES, indexes: objectIndexes.map(({ name }) => name) })
  await t.resolves(app.runs.requireCounted())
  t.strictSame(await auditSums(app.database), [])
  const sums = await app.database.selectFrom('run_sums').select('file_count').execute()
  t.strictSame(sums, [{ file_count: BigInt(FILES) }])
  const { now } = performance
  t.intercept(performance, 'now', { value: () => now.call(performance) + 5_000 })
  t.strictSame(await readiness(service), { status: 'ready', parts: { objectStorage: 'up', database: 'up' } })
})

t.test('one replica counts at a time, and another one learns of it', { skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set' }, async (t) => {
  const { url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  const store = await openEmbeddedStore()
  t.teardown(() => store.close())
  const environment = { ...store.environment, DATABASE_URL: url }
  const [first, second] = [await startService(t, environment), await startService(t, environment)]
  await upgrade(first)
  const lease = await takeLease(first.app.database, 'run-backfill')
  await first.app.listen({ host: '127.0.0.1', port: 0 })
  await t.rejects(first.app.runs.requireCounted(), { code: 'NOT_READY' }, 'somebody else is at it')
  await first.app.close()
  t.match(await second.app.database.selectFrom('run_backfill').select('checkpoint').executeTakeFirst(), { checkpoint: '' })
  await lease?.release()

  const counted = second.nextLine(({ msg }) => msg === 'counted all files in their runs')
  await second.app.listen({ host: '127.0.0.1', port: 0 })
  t.match(await counted, { placedCount: FILES })
  const third = await startService(t, environment)
  await t.resolves(third.app.runs.requireCounted())
})

t.test('without a database it waits for one', async (t) => {
  const { app } = await startService(t, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  await t.rejects(app.runs.requireCounted())
  t.equal((await app.inject('/health/live')).statusCode, 200)
})
