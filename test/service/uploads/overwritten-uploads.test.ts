import t from 'tap'
import { redactObjectKey } from '../../../objects/redacted-key.js'
import { member, runId, startService, workflowId } from '../../support/service.js'
import { storeKinds } from '../../support/stores.js'

for (const kind of storeKinds) {
  t.test(`a URL of the ${kind.name} that is used again`, { skip: kind.skip }, async (t) => {
    const environment = kind.environment()
    t.teardown(async () => { await kind.remove(environment) })
    const { app, authorise, follow, log, putFile } = await startService(t, environment)
    const count = async (objectKey: string) => { await app.bucketEvents.recount(objectKey, { wasStored: true }) }
    const mint = async (change: object = {}) => (await app.inject({
      method: 'POST',
      url: '/api/v1/objects/uploads',
      headers: authorise(member),
      payload: { workflowId, runId, direction: 'outputs', fileName: 'a.txt', contentType: 'text/plain', ...change },
    })).json()
    const overwritten = async () => /^objects_storage_uploads_overwritten_total (\d+)$/m.exec((await app.inject('/metrics')).body)?.[1]
    const lines = () => log.filter((line) => line.includes('an upload was overwritten'))

    t.test('is counted and logged once other content is there, whether its size is another or not', async (t) => {
      const { objectKey, url, headers } = await mint()
      const put = async (body: string) => {
        t.equal((await follow(url, { method: 'PUT', body, headers })).status, 200)
        await count(objectKey)
      }
      await put('one')
      await put('one')
      t.equal(await overwritten(), '0', 'the same again changes nothing')
      await put('two')
      t.equal(await overwritten(), '1')
      await put('three')
      t.equal(await overwritten(), '2')
      t.equal(lines().length, 2)
      for (const line of lines()) {
        t.match(JSON.parse(line), { object: redactObjectKey(objectKey) })
        t.notOk(line.includes(objectKey))
      }
    })

    t.test('is not where the file was gone in between, or the URL is good for one file', async (t) => {
      const before = await overwritten()
      const removed = await mint()
      const once = await mint({ ifAbsent: true })
      for (const { url, headers, objectKey } of [removed, once]) {
        t.equal((await follow(url, { method: 'PUT', body: 'one', headers })).status, 200)
        await count(objectKey)
      }
      await app.objectStorage.remove(removed.objectKey)
      await count(removed.objectKey)
      t.equal((await follow(removed.url, { method: 'PUT', body: 'two', headers: removed.headers })).status, 200)
      t.equal((await follow(once.url, { method: 'PUT', body: 'two', headers: once.headers })).status, 412)
      for (const { objectKey } of [removed, once]) await count(objectKey)
      t.equal(await overwritten(), before)
    })

    t.test('is no matter where no upload was asked for', async (t) => {
      const before = await overwritten()
      const objectKey = await putFile('one')
      await count(objectKey)
      await putFile('two', { objectKey })
      await count(objectKey)
      t.equal(await overwritten(), before)
    })
  })
}
