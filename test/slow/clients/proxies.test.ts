import t, { type Test } from 'tap'
import { type DownloadService, startDownloadService } from '../../support/download-service.js'
import { startNginx, startVarnish, withoutNginx, withoutVarnish } from '../../support/proxies.js'
import { storeKinds } from '../../support/stores.js'

const [embedded] = storeKinds
if (embedded === undefined) throw new Error('There is always an embedded store.')

const proxies = [
  { name: 'nginx, which caches no answer of the API', skip: withoutNginx, start: startNginx, settings: 'proxy_cache off;' },
  { name: 'nginx, which leaves HEAD as it is', skip: withoutNginx, start: startNginx, settings: 'proxy_cache_convert_head off;' },
  {
    name: 'Varnish, which passes the API on', skip: withoutVarnish, start: startVarnish, settings: 'if (req.url ~ "^/api/") { return (pass); }',
  },
] as const

for (const mode of ['redirect', 'stream'] as const) {
  t.test(`downloads in mode ${mode}`, async (t) => {
    const service = await startDownloadService(t, embedded, { DOWNLOAD_MODE: mode })

    for (const { name, skip, start, settings } of proxies) {
      t.test(`behind ${name}, are followed to the file by GET and by HEAD, in either order`, { skip }, async (t) => {
        const origin = await start(t, service.origin, settings)
        for (const methods of [['GET', 'HEAD', 'GET'], ['HEAD', 'GET', 'HEAD']]) {
          const path = service.downloadPath(await service.putFile('a file'))
          for (const method of methods) {
            const answer = await fetch(origin + path, { method })
            t.equal(answer.status, 200, method)
            t.equal(answer.headers.get('content-length'), '6')
            t.equal(await answer.text(), method === 'GET' ? 'a file' : '')
          }
        }
      })
    }

    t.test('behind Varnish, which caches what it may, have every answer from the service itself', { skip: withoutVarnish }, async (t) => {
      await answersAnew(t, service, await startVarnish(t, service.origin, ''))
    })

    t.test('behind nginx, which caches what it may, have every answer from the service itself', { skip: withoutNginx }, async (t) => {
      await answersAnew(t, service, await startNginx(t, service.origin, ''))
    })
  })
}

t.test('a proxy that caches turns HEAD into GET, as the documents warn', async (t) => {
  const service = await startDownloadService(t, embedded)
  for (const { name, skip, start } of proxies.slice(1)) {
    t.test(name.replace(/,.*/, ''), { skip }, async (t) => {
      const url = await start(t, service.origin, '') + service.downloadPath(await service.putFile('a file'))
      t.equal((await fetch(url, { method: 'HEAD', redirect: 'manual' })).status, 302)
      t.equal((await fetch(url, { method: 'HEAD' })).status, 403)
      t.equal((await fetch(url)).status, 200)
    })
  }
})

/** Checks that every request for a file reaches the service, which looks it up again once it is gone. */
async function answersAnew (t: Test, { app, putFile, downloadPath }: DownloadService, origin: string) {
  const objectKey = await putFile('a file')
  const url = origin + downloadPath(objectKey)
  for (let round = 0; round < 2; round++) t.equal(await (await fetch(url)).text(), 'a file')
  await app.minio.removeObject(app.storeTarget.bucket, objectKey)
  app.existence.forget(objectKey)
  t.equal((await fetch(url)).status, 404)
}
