import t from 'tap'
import { Traffic } from '../../../../embedded/demo/traffic.js'
import { answerOf, connectTraffic } from '../../../../embedded/demo/traffic-client.js'
import { prefixOf } from '../../../../objects/object-key.js'
import { freePort } from '../../../support/free-port.js'
import { admin, startService, workflowId } from '../../../support/service.js'

const { app } = await startService(t)
const origin = await app.listen({ port: 0 })
const token = app.jwt.sign({ sub: admin.userId, orgKey: admin.orgKey, role: 'admin' }, { expiresIn: '1h' })

const client = connectTraffic(origin, token)

t.test('the service counts just the files that are there while traffic runs, and none once they are removed', async (t) => {
  const readUsage = () => answerOf('GET /storage-usage', client.GET('/api/v1/objects/storage-usage'))
  const enough = new AbortController()
  const traffic = new Traffic(client, [workflowId], (stepCount) => { if (stepCount >= 40) enough.abort() })

  await traffic.run(enough.signal)
  await app.bucketEvents.settled()
  t.ok(traffic.counts.put > 0 && traffic.totals.fileCount === traffic.counts.put - traffic.counts.removed)
  t.match(await readUsage(), traffic.totals)

  await traffic.removeAll()
  await app.bucketEvents.settled()
  t.match(await readUsage(), { fileCount: 0, totalBytes: 0 })
})

t.test('removing a file that is already gone is not a failure', async (t) => {
  const enough = new AbortController()
  const traffic = new Traffic(client, [workflowId], () => { enough.abort() })
  await traffic.run(enough.signal)
  for await (const { objects } of app.listBucket({ prefix: prefixOf({ orgKey: admin.orgKey }), startAfter: '' })) {
    for (const { objectKey } of objects) await app.objectStorage.remove(objectKey)
  }
  await t.resolves(traffic.removeAll())
})

t.test('what the service refuses is said with its code, and without object keys', async (t) => {
  const refused = connectTraffic(origin, 'no-token').DELETE('/api/v1/objects', { params: { query: { objectKey: 'acme/a-secret' } } })
  const refusal: unknown = await answerOf('DELETE /', refused).catch((error: unknown) => error)
  t.match(refusal, { name: 'TrafficError', message: /^The service refuses DELETE \/: TOKEN_INVALID: / })
  t.notMatch(String(refusal), /a-secret/)
})

t.test('a service that is not there is named', async (t) => {
  const nobody = `http://127.0.0.1:${await freePort()}`
  await t.rejects(connectTraffic(nobody, 'token').GET('/api/v1/objects/storage-usage'), {
    name: 'TrafficError', message: `At ${nobody}, the service does not answer: start it with npm start, or name its address with --url.`,
  })
})
