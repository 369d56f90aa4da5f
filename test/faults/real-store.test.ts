import t from 'tap'
import { createPresign } from '../../objects/presigning.js'
import { FaultProxy } from '../fault-proxy.js'
import { member, startService } from '../service.js'
import { storeKinds } from '../stores.js'
import { checkAnswers, checkCounted } from './checks.js'
import { Load } from './load.js'

const EVENTS_TOKEN = 'events-token-of-the-fault-run'
const [, real] = storeKinds

t.test('under load, a real store that is cut off leads to bounded answers, and recovery without a restart', {
  skip: real?.skip ?? false, timeout: 120_000,
}, async (t) => {
  if (real === undefined) return
  const { endpoint, environment, close } = await real.open()
  t.teardown(close)
  const proxy = await FaultProxy.start(endpoint)
  t.teardown(() => proxy.close())
  const { app, authorise } = await startService(t, {
    ...environment,
    S3_ENDPOINT: proxy.endpoint,
    S3_CONNECT_TIMEOUT: '1',
    S3_FIRST_BYTE_TIMEOUT: '1',
    EVENTS_TOKEN,
    EXISTENCE_TTL: '0',
    UPLOAD_LIMIT: '0',
  })
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  const load = new Load({
    origin: () => origin,
    authorization: authorise(member).authorization,
    eventsToken: EVENTS_TOKEN,
    presign: createPresign(app.storeTarget),
    bucket: app.storeTarget.bucket,
  })
  await load.recovery()
  checkAnswers(t, load, [])

  await t.test('mute', async (t) => {
    proxy.inject({ kind: 'mute' })
    await load.failure('download', [503])
    proxy.heal()
    await load.recovery()
    checkAnswers(t, load, [503])
  })

  await t.test('refusing connections', async (t) => {
    await proxy.refuse()
    await load.failure('download', [503])
    await proxy.accept()
    await load.recovery()
    checkAnswers(t, load, [503])
  })

  await t.test('in the end every file is counted, once', async (t) => {
    await load.stop()
    await checkCounted(t, load, app.database)
  })
})
