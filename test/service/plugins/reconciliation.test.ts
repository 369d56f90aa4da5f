import { setImmediate } from 'node:timers/promises'
import { Cron } from 'croner'
import t from 'tap'
import { ConfigError, loadConfig } from '../../../config.js'
import { EmptyBucketError } from '../../../reconcile/run.js'
import { readLastReconciliation } from '../../../db/reconcile/reconciliations.js'
import { mintObjectKey } from '../../../objects/object-key.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { admin, member, runId, startService, workflowId } from '../../support/service.js'
import { openEmbeddedStore } from '../../support/stores.js'

t.test('a service that listens compares everything at the times of RECONCILE_CRON', async (t) => {
  const { app, putFile } = await startService(t, { RECONCILE_CRON: '* * * * * *' })
  await putFile('x')
  await app.bucketEvents.settled()
  t.equal(await readLastReconciliation(app.database, ''), undefined)
  await app.listen({ host: '127.0.0.1', port: 0 })
  let last = await readLastReconciliation(app.database, '')
  while (last?.status !== 'complete') {
    await setImmediate()
    last = await readLastReconciliation(app.database, '')
  }
  t.match(last, { prefix: '', counts: { listedCount: 1, addedCount: 0 } })
  // It is counted just after the database says so.
  while (!/objects_storage_reconcile_runs_total\{status="complete"\} [1-9]/.test(await app.metrics.metrics())) await setImmediate()
})

t.test('of several replicas one keeps the appointment', { skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set' }, async (t) => {
  const { url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  const store = await openEmbeddedStore()
  t.teardown(() => store.close())
  const environment = { ...store.environment, DATABASE_URL: url, RECONCILE_CRON: '* * * * * *' }
  const replicas = [await startService(t, environment), await startService(t, environment)]
  await Promise.all(replicas.map(({ app }) => app.listen({ host: '127.0.0.1', port: 0 })))
  // The replicas' schedule has the same moments as these.
  await new Promise<void>((resolve) => {
    const ticks = new Cron('* * * * * *', { maxRuns: 4 }, () => { if (!ticks.nextRun()) resolve() })
  })
  const runs = await Promise.all(replicas.map(async ({ app }) => {
    await app.close()
    return Number(/^objects_storage_reconcile_runs_total.* (\d+)$/m.exec(await app.metrics.metrics())?.[1] ?? 0)
  }))
  t.strictSame(runs.toSorted(), [0, 1])
})

t.test('an empty bucket is taken for the wrong one, unless told otherwise', async (t) => {
  const { app, authorise } = await startService(t)
  const key = mintObjectKey({
    orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path: 'gone.txt',
  })
  const { bucket } = app.storeTarget
  await app.bucketEvents.receive({
    Records: [{
      eventSource: 'minio:s3',
      eventTime: new Date().toISOString(),
      eventName: 's3:ObjectCreated:Put',
      s3: { bucket: { name: bucket }, object: { key: encodeURIComponent(key), size: 7, eTag: 'e', sequencer: '17F427499AC0BA8F' } },
    }],
  }, 'http')
  const fileCount = async () => {
    const answer = await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(admin) })
    return answer.json().fileCount
  }
  const refused = await app.reconciliation.start({ prefix: 'acme/' })
  await t.rejects(Promise.resolve(refused?.done), EmptyBucketError)
  t.equal(await fileCount(), 1)
  t.match(await readLastReconciliation(app.database, 'acme/'), { status: 'failed', failure: /The bucket is empty/ })
  const allowed = await app.reconciliation.start({ prefix: 'acme/', allowEmptyBucket: true })
  t.match(await allowed?.done, { removedCount: 1 })
  t.equal(await fileCount(), 0)
  const agreeing = await app.reconciliation.start({ prefix: '' })
  t.match(await agreeing?.done, { removedCount: 0, listedCount: 0 }, 'where nothing is counted there is nothing to lose')
})

t.test('an invalid schedule is refused', async (t) => {
  t.throws(() => loadConfig({ RECONCILE_CRON: 'every night' }), new ConfigError('RECONCILE_CRON must be a schedule as in crontab, such as `0 3 * * *`.'))
  t.equal(loadConfig({ RECONCILE_CRON: '0 3 * * *' }).RECONCILE_CRON, '0 3 * * *')
})
