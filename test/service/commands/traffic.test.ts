import { createServer } from 'node:net'
import { once } from 'node:events'
import t from 'tap'
import { FilesClient, FilesClientError } from '../../../commands/files-client.js'
import { Traffic } from '../../../commands/traffic.js'
import { admin, startService, workflowId } from '../../support/service.js'

const { app } = await startService(t)
const origin = await app.listen({ port: 0 })
const token = app.jwt.sign({ sub: admin.userId, orgKey: admin.orgKey, role: admin.role }, { expiresIn: '1h' })

t.test('the service counts just the files that are there while traffic goes on, and none once they are removed', async (t) => {
  const client = new FilesClient(origin, token)
  const enough = new AbortController()
  const traffic = new Traffic(client, [workflowId], (stepCount) => { if (stepCount >= 40) enough.abort() })

  await traffic.run(enough.signal)
  await app.bucketEvents.settled()
  t.ok(traffic.counts.put > 0 && traffic.totals.fileCount === traffic.counts.put - traffic.counts.removed)
  t.match(await client.readTotals(), traffic.totals)

  await traffic.removeAll()
  await app.bucketEvents.settled()
  t.match(await client.readTotals(), { fileCount: 0, totalBytes: 0 })
})

t.test('to remove a file that is not there is no failure', async (t) => {
  const client = new FilesClient(origin, token)
  const { objectKey } = await client.createUpload({
    workflowId, runId: workflowId, direction: 'inputs', fileName: 'never-put.txt', contentType: 'text/plain',
  })
  await t.resolves(client.remove(objectKey))
})

t.test('what the service refuses is said with its code, and without object keys', async (t) => {
  const refusal = await new FilesClient(origin, 'no-token').remove('acme/a-secret').then(() => undefined, (error: unknown) => error)
  t.type(refusal, FilesClientError)
  t.match(String(refusal), /TOKEN_INVALID/)
  t.notMatch(String(refusal), /a-secret/)
})

t.test('a service that is not there is named', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const nobody = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  server.close()
  await once(server, 'close')
  await t.rejects(new FilesClient(nobody, 'token').readTotals(), {
    name: 'FilesClientError', message: `At ${nobody}, the service does not answer.`,
  })
})
