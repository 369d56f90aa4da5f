import t, { type Test } from 'tap'
import { examineBucketSettings } from '../../../doctor/bucket-settings.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { startRelay, subscribe } from '../../support/notification-relay.js'
import { startService } from '../../support/service.js'
import { openEmbeddedStore, storeKinds } from '../../support/stores.js'

const noDatabase = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }
const eventsPath = '/api/v1/objects/events'

/** Starts the service on a store; returns the findings about its bucket, by check. */
async function startExamined (t: Test, environment: Record<string, string>) {
  const { app } = await startService(t, { ...noDatabase, ...environment })
  return {
    app,
    examine: async () => {
      const found: Record<string, { status: string, message: string }> = {}
      for await (const { check, ...finding } of examineBucketSettings(app)) found[check] = finding
      return found
    },
  }
}

t.test('of the embedded object storage there is nothing to examine', async (t) => {
  const { examine } = await startExamined(t, {})
  t.match(await examine(), { 'bucket-settings': { status: 'skipped', message: /embedded/ } })
})

const real = storeKinds.find(({ name }) => name === 'real S3')
t.test('what is configured at the bucket of a real store', { skip: real?.skip ?? 'there is no real store' }, async (t) => {
  const environment = real?.environment() ?? {}
  const { app, examine } = await startExamined(t, environment)
  t.teardown(() => real?.remove(environment))
  const { minio, storeTarget: { bucket } } = app
  const rule = (id: string, more: object) => ({ ID: id, Status: 'Enabled', Filter: { Prefix: 'tmp/' }, ...more })
  const setRules = async (...rules: object[]) => {
    // minio-js's types require days in every rule, and one rule of each kind.
    await Reflect.apply(minio.setBucketLifecycle, minio, [bucket, { Rule: rules }])
  }
  const expiring = rule('old files', { Expiration: { Days: 30 } })
  const endingVersions = rule('old versions', { NoncurrentVersionExpiration: { NoncurrentDays: 7 } })

  t.test('nothing at all', async (t) => {
    t.match(await examine(), {
      lifecycle: { status: 'ok' },
      versioning: { status: 'ok', message: /keeps no versions/ },
      'bucket-notification': { status: 'warning', message: /not configured to notify anyone/ },
    })
  })

  t.test('lifecycle rules that remove files are named, with what ends their being counted', async (t) => {
    await setRules(expiring)
    t.match((await examine()).lifecycle, {
      status: 'warning', message: /"old files"\), .*Ceph RGW 16 sends none.*RECONCILE_CRON.*npm run reconcile/,
    })
    const scheduled = await startExamined(t, { ...environment, RECONCILE_CRON: '0 3 * * *' })
    t.match((await scheduled.examine()).lifecycle, { status: 'ok', message: /"old files".*RECONCILE_CRON starts one \(0 3 \* \* \*\)/ })
    await setRules(expiring, rule('dated', { Expiration: { Date: '2031-01-01T00:00:00.000Z' } }))
    t.match((await examine()).lifecycle, { status: 'warning', message: /"old files", "dated"|"dated", "old files"/ })
  })

  t.test('lifecycle rules that remove nothing that is counted, or are switched off, are none', async (t) => {
    await setRules(endingVersions, { ...expiring, Status: 'Disabled' }, rule('parts', { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }))
    t.match((await examine()).lifecycle, { status: 'ok' })
    await minio.removeBucketLifecycle(bucket)
    t.match((await examine()).lifecycle, { status: 'ok' })
  })

  t.test('versioning that is kept, that expires, and that is suspended', async (t) => {
    await minio.setBucketVersioning(bucket, { Status: 'Enabled' })
    t.match((await examine()).versioning, { status: 'warning', message: /neither counted.*NoncurrentVersionExpiration/ })
    await setRules(endingVersions)
    t.match((await examine()).versioning, { status: 'ok', message: /neither counted.*until a lifecycle rule removes it/ })
    await minio.setBucketVersioning(bucket, { Status: 'Suspended' })
    t.match((await examine()).versioning, { status: 'warning', message: /suspended.*Ceph RGW 16 may list such a key several times/ })
  })

  t.test('notifications that lead elsewhere, are of too few kinds or keys, or are as they should be', async (t) => {
    const relay = await startRelay(app, 'token', [])
    t.teardown(() => { relay.close() })
    const notification = async (wanted: Parameters<typeof subscribe>[2]) => {
      if (!await subscribe(app, relay, wanted)) return undefined
      return (await examine())['bucket-notification']
    }
    if (await notification({ path: eventsPath }) === undefined) return t.comment('the store has no topics')
    t.match(await notification({ path: eventsPath }), { status: 'ok' })
    t.match(await notification({ path: '/elsewhere' }), {
      status: 'warning', message: /go to http:\/\/127\.0\.0\.1:\d+\/elsewhere\. Unless .* POST \/api\/v1\/objects\/events/,
    })
    t.match(await notification({ path: eventsPath, kinds: ['s3:ObjectCreated:*'] }), { status: 'warning', message: /does not send s3:ObjectRemoved:\*: / })
    t.match(await notification({ path: eventsPath, kinds: ['s3:ObjectRemoved:*', 's3:ObjectCreated:Put'] }), {
      status: 'warning', message: /does not send s3:ObjectCreated:\*: /,
    })
    t.match(await notification({ path: eventsPath, prefix: 'acme/' }), {
      status: 'warning', message: /does not send s3:ObjectCreated:\* and s3:ObjectRemoved:\*, or not for every key: .*RECONCILE_CRON/,
    })
  })

  t.test('of a bucket that is shared, what concerns the service\'s part', async (t) => {
    const shared = await startExamined(t, { ...environment, S3_PREFIX: 'team/files/' })
    const prefixed = (prefix: string) => rule(prefix, { Expiration: { Days: 30 }, Filter: { Prefix: prefix } })
    await setRules(prefixed('other/'), prefixed('team/file-drop/'))
    t.match((await shared.examine()).lifecycle, { status: 'ok' })
    for (const prefix of ['team/', 'team/files/tmp/']) {
      await setRules(prefixed(prefix), prefixed('other/'))
      t.match((await shared.examine()).lifecycle, { status: 'warning', message: new RegExp(`files \\("${prefix}"\\),`) })
    }
    const relay = await startRelay(app, 'token', [])
    t.teardown(() => { relay.close() })
    for (const [prefix, status] of [['team/', 'ok'], ['team/files/', 'ok'], ['team/files/tmp/', 'warning'], ['other/', 'warning']] as const) {
      if (!await subscribe(app, relay, { path: eventsPath, prefix })) return t.comment('the store has no topics')
      t.match((await shared.examine())['bucket-notification'], { status }, prefix)
    }
  })
})

t.test('settings that the store does not tell', async (t) => {
  const store = await openEmbeddedStore()
  t.teardown(store.close)
  const proxy = await FaultProxy.start(store.endpoint)
  t.teardown(() => proxy.close())
  const { examine } = await startExamined(t, { ...store.environment, S3_ENDPOINT: proxy.endpoint })
  const all = (finding: object) => ({ lifecycle: finding, versioning: finding, 'bucket-notification': finding })

  t.test('are passed over where the credentials may not read them', async (t) => {
    proxy.inject({ kind: 'answer', statusCode: 403, code: 'AccessDenied' })
    t.match(await examine(), all({ status: 'skipped', message: /may not read this setting \(s3:Get/ }))
  })

  t.test('and where it has none', async (t) => {
    proxy.inject({ kind: 'answer', statusCode: 501, code: 'NotImplemented' })
    t.match(await examine(), all({ status: 'skipped', message: /has no such setting/ }))
  })

  t.test('fail where it does not say why', async (t) => {
    proxy.inject({ kind: 'answer', statusCode: 400, code: 'InvalidRequest' })
    t.match(await examine(), all({ status: 'failed', message: /InvalidRequest/ }))
  })
})
