import t, { type Test } from 'tap'
import { auditSums } from '../../../db/usage/audit.js'
import { mintObjectKey } from '../../../objects/object-key.js'
import { createPresign } from '../../../store/presigning.js'
import { type CephServer, hasCeph, startCeph } from '../../support/ceph-server.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { startRelay, subscribe } from '../../support/notification-relay.js'
import { admin, member, runId, startService, workflowId } from '../../support/service.js'

const AHEAD_SECONDS = 8
const BEHIND_SECONDS = 60
const KEYS = 10
const token = 'a-token-of-the-object-store'
const skip = testDatabaseUrl === undefined ? 'TEST_DATABASE_URL is not set' : !await hasCeph() && 'Ceph RGW is not installed'

t.test('two gateways of one cluster whose clocks are apart', { skip, timeout: 300_000 }, async (t) => {
  const ceph = await startCeph()
  t.teardown(() => ceph.stop())
  const ahead = await ceph.startGateway(AHEAD_SECONDS)

  const startOn = async (t: Test, environment: Record<string, string>) => {
    const { url, close } = await createServerDatabase(testDatabaseUrl ?? '')
    t.teardown(close)
    const { app, authorise } = await startService(t, { ...environment, DATABASE_URL: url, EVENTS_TOKEN: token })
    const answers: number[] = []
    const relay = await startRelay(app, token, answers)
    t.teardown(() => { relay.close() })
    t.ok(await subscribe(app, relay))
    return {
      app,
      answers,
      send: async (endpoint: string, method: 'PUT' | 'DELETE', objectKey: string) => {
        const presign = createPresign({ ...app.storeTarget, endpoint })
        const response = await fetch(presign({ method, objectKey, signedAt: new Date(), expiresInSeconds: 300 }), {
          method, ...method === 'PUT' ? { body: 'seven b' } : {},
        })
        t.ok(response.ok)
      },
      fileCount: async () =>
        (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(admin) })).json().fileCount,
    }
  }

  // Below the difference between the clocks, and above it.
  for (const [bound, bucket] of [['5', 'default-bound'], ['10', 'wide-bound']] as const) {
    t.test(`leave every key right with STORE_CLOCK_SKEW=${bound}, whichever of them puts and which deletes`, async (t) => {
      const { app, answers, send, fileCount } = await startOn(t, { ...environmentOf(ceph, bucket), STORE_CLOCK_SKEW: bound })
      for (const [first, second] of [[ceph.endpoint, ahead], [ahead, ceph.endpoint]] as const) {
        const keys = mintKeys()
        for (const key of keys) await send(first, 'PUT', key)
        t.equal(await fileCount(), KEYS)
        for (const key of keys) await send(second, 'DELETE', key)
        t.equal(await fileCount(), 0)
        for (const key of keys) await send(second, 'PUT', key)
        t.equal(await fileCount(), KEYS)
        for (const key of keys) await send(first, 'DELETE', key)
        t.equal(await fileCount(), 0)
      }
      t.ok(answers.every((status) => status === 200))
      t.strictSame(await auditSums(app.database), [])
    })
  }

  t.test('what one that is far behind removes looks older than it is until a reconcile, even by that one\'s listing', async (t) => {
    const behind = await ceph.startGateway(-BEHIND_SECONDS)
    const { app, answers, send, fileCount } = await startOn(t, environmentOf({ ...ceph, endpoint: behind }, 'behind'))
    const keys = mintKeys()
    for (const key of keys) await send(ceph.endpoint, 'PUT', key)
    for (const key of keys) await send(behind, 'DELETE', key)
    t.ok(answers.every((status) => status === 200))
    t.equal(await fileCount(), KEYS, 'as docs/notifications.md says')
    const run = await app.reconciliation.start({ prefix: 'acme/', allowEmptyBucket: true })
    t.match(await run?.done, { removedCount: KEYS, leftCount: 0 })
    t.equal(await fileCount(), 0)
    t.strictSame(await auditSums(app.database), [])
  })
})

function mintKeys (): string[] {
  return Array.from({ length: KEYS }, (_, index) => mintObjectKey({
    orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path: `${index}.txt`,
  }))
}

function environmentOf ({ endpoint, accessKey, secretKey }: CephServer, bucket: string): Record<string, string> {
  return { S3_ENDPOINT: endpoint, S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: secretKey, S3_BUCKET: bucket }
}
