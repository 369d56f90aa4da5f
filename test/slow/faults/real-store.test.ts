import t from 'tap'
import { FaultProxy } from '../../support/fault-proxy.js'
import { member, startService } from '../../support/service.js'
import { storeKinds } from '../../support/stores.js'
import { checkCounted, checkRecovery } from './checks.js'
import { Load, runSettings } from './load.js'

const [, real] = storeKinds

t.test('under load, a real store that is cut off leads to bounded answers, and recovery without a restart', {
  skip: real?.skip ?? false, timeout: 120_000,
}, async (t) => {
  if (real === undefined) return
  const { endpoint, environment, close } = await real.open()
  t.teardown(close)
  const proxy = await FaultProxy.start(endpoint)
  t.teardown(() => proxy.close())
  const { app, authorise } = await startService(t, { ...environment, ...runSettings, S3_ENDPOINT: proxy.endpoint })
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  const load = new Load({
    origin: () => origin,
    authorization: authorise(member).authorization,
    store: app.storeTarget,
  })
  await checkRecovery(t, load, [])

  await t.test('mute', async (t) => {
    proxy.inject({ kind: 'mute' })
    await load.failure('download', [503])
    proxy.heal()
    await checkRecovery(t, load, [503])
  })

  await t.test('refusing connections', async (t) => {
    await proxy.refuse()
    await load.failure('download', [503])
    await proxy.accept()
    await checkRecovery(t, load, [503])
  })

  await t.test('in the end every file is counted, once', async (t) => {
    await load.stop()
    await checkCounted(t, load, app.database)
  })
})
