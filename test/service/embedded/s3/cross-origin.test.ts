import t from 'tap'
import { put, send } from '../../../service/contract/contract-store.js'
import { makeFolder, openStore } from '../../../support/test-store.js'

const origin = 'http://page.test'

t.test('scripts of another origin read what they have a signed URL for, and put it there', async (t) => {
  const store = await openStore(t, await makeFolder(t))
  const [getUrl, putUrl] = [store.presign({ method: 'GET', objectKey: 'key' }), store.presign({ method: 'PUT', objectKey: 'key' })]
  const preflight = await send(putUrl, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type' },
  })
  t.match(preflight, {
    status: 204,
    headers: {
      'access-control-allow-origin': '*', 'access-control-allow-methods': /PUT/, 'access-control-allow-headers': 'content-type',
    },
  })
  t.match(await send(putUrl, { method: 'PUT', headers: { origin }, body: 'bytes' }), { status: 200, headers: { 'access-control-allow-origin': '*' } })
  const read = await send(getUrl, { headers: { origin, range: 'bytes=1-2' } })
  t.equal(read.body.toString(), 'yt')
  t.match(read.headers, { 'access-control-allow-origin': '*', 'access-control-expose-headers': /Content-Range.*ETag/ })
})

t.test('a refusal can be read, too, and clients that are not browsers are told nothing of origins', async (t) => {
  const store = await openStore(t, await makeFolder(t))
  await put(store, 'key', 'bytes')
  const refused = await send(`${store.presign({ method: 'GET', objectKey: 'key' })}0`, { headers: { origin } })
  t.match(refused, { status: 403, headers: { 'access-control-allow-origin': '*' } })
  const plain = await send(store.presign({ method: 'GET', objectKey: 'key' }))
  t.equal(plain.headers['access-control-allow-origin'], undefined)
  t.equal((await send(store.presign({ method: 'GET', objectKey: 'key' }), { method: 'OPTIONS' })).status, 403)
})
