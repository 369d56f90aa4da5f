import { EventEmitter, once } from 'node:events'
import t from 'tap'
import { FaultProxy } from '../../../../../support/fault-proxy.js'
import { admin, colleague, foreignAdmin, foreignMember, member, service, startService } from '../../../../../support/service.js'
import { openEmbeddedStore, storeKinds } from '../../../../../support/stores.js'

for (const kind of storeKinds) {
  t.test(`deletion from the ${kind.name}`, { skip: kind.skip }, async (t) => {
    const environment = kind.environment()
    t.teardown(async () => { await kind.remove(environment) })
    const { app, authorise, putFile, downloadPath, follow } = await startService(t, environment)
    const remove = async (objectKey: string, caller = member) => await app.inject({
      method: 'DELETE', url: `/api/v1/objects?objectKey=${encodeURIComponent(objectKey)}`, headers: authorise(caller),
    })
    const totalBytes = async () =>
      (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(admin) })).json().totalBytes

    t.test('its creator removes a file from storage, from downloads and from usage at once', async (t) => {
      const objectKey = await putFile('hello')
      await app.bucketEvents.settled()
      const { headers: { location = '' } } = await app.inject(downloadPath(objectKey))
      t.equal((await follow(location)).status, 200)
      const before = Date.now()
      const answer = await remove(objectKey)
      t.equal(answer.statusCode, 200)
      t.equal(answer.json().bytes, 5)
      t.ok(Date.parse(answer.json().issuedUrlsExpireAt) >= before + app.config.UPLOAD_URL_TTL * 1000)
      t.equal((await app.inject(downloadPath(objectKey))).statusCode, 404)
      t.equal((await follow(location)).status, 404)
      t.equal(await totalBytes(), 0)
    })

    t.test('an admin may remove anyone\'s file, a service or another member may not', async (t) => {
      const objectKey = await putFile('hello')
      for (const caller of [service, colleague]) {
        const answer = await remove(objectKey, caller)
        t.equal(answer.statusCode, 403)
        t.equal(answer.json().code, 'FORBIDDEN')
      }
      t.equal((await remove(objectKey, admin)).statusCode, 200)
    })

    t.test('another organisation\'s file, a missing one and a key of no form are not there', async (t) => {
      const objectKey = await putFile('hello')
      for (const answer of [
        await remove(objectKey, foreignAdmin),
        await remove(objectKey, foreignMember),
        await remove(`${objectKey}x`),
        await remove('not/ours', admin),
      ]) {
        t.equal(answer.statusCode, 404)
        t.equal(answer.json().code, 'OBJECT_NOT_FOUND')
      }
      t.equal((await remove(objectKey)).statusCode, 200)
      t.equal((await remove(objectKey)).statusCode, 404)
      const rows = await app.database.selectFrom('objects').select('object_key').where('object_key', '=', `${objectKey}x`).execute()
      t.strictSame(rows, [], 'a key that never was leaves nothing')
    })

    t.test('without a token nothing is removed', async (t) => {
      const objectKey = await putFile('hello')
      const answer = await app.inject({ method: 'DELETE', url: `/api/v1/objects?objectKey=${encodeURIComponent(objectKey)}` })
      t.equal(answer.statusCode, 401)
      t.equal((await app.inject(downloadPath(objectKey))).statusCode, 302)
    })

    t.test('a file that was removed behind the service\'s back is not counted after a deletion is tried', async (t) => {
      const before = await totalBytes()
      const objectKey = await putFile('x'.repeat(100))
      await app.bucketEvents.settled()
      await app.minio.removeObject(app.storeTarget.bucket, objectKey)
      t.equal((await remove(objectKey)).statusCode, 404)
      t.equal(await totalBytes(), before)
    })
  })
}

t.test('a download that comes while the file is being removed is not remembered', async (t) => {
  const store = await openEmbeddedStore()
  const proxy = await FaultProxy.start(store.endpoint)
  t.teardown(async () => {
    await proxy.close()
    await store.close()
  })
  const { app, authorise, putFile, downloadPath } = await startService(t, {
    ...store.environment, S3_ENDPOINT: proxy.endpoint, EXISTENCE_TTL: '60',
  })
  const objectKey = await putFile('hello')
  const gate = new EventEmitter()
  proxy.inject({ kind: 'hold', until: once(gate, 'open') }, { method: 'DELETE', times: 1 })
  const arrival = proxy.arrival('DELETE')
  const removal = app.inject({
    method: 'DELETE', url: `/api/v1/objects?objectKey=${encodeURIComponent(objectKey)}`, headers: authorise(member),
  })
  await arrival
  t.equal((await app.inject(downloadPath(objectKey))).statusCode, 302, 'it is still there')
  gate.emit('open')
  t.equal((await removal).statusCode, 200)
  t.equal((await app.inject(downloadPath(objectKey))).statusCode, 404)
})
