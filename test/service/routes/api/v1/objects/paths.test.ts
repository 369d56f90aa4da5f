import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { auditSums } from '../../../../../../db/usage/audit.js'
import { contentDisposition } from '../../../../../../http/content-disposition.js'
import { parseObjectKey } from '../../../../../../objects/object-key.js'
import { admin, member, runId, startService, workflowId } from '../../../../../support/service.js'
import { storeKinds } from '../../../../../support/stores.js'

const paths = [
  'plots/2026/a.png',
  'plots/2026/ä b+c%.png',
  'a%2Fb/%2e%2e/c%20d.txt',
  'a\\b/.../.hidden/..x/ /(1) *\'!~.txt',
  '秘密/&amp;?objectKey=x#y/"quoted";=.txt',
  `${'ü'.repeat(120)}/${'n'.repeat(159)}`,
]
const content = 'abcdefghijklmnopqrstuvwxyz'
const objects = '/api/v1/objects'

for (const kind of storeKinds) {
  for (const mode of ['redirect', 'stream']) {
    t.test(`files in folders, by ${mode}, in the ${kind.name}`, { skip: kind.skip }, async (t) => {
      const environment = kind.environment()
      t.teardown(async () => { await kind.remove(environment) })
      const { app, authorise, downloadPath } = await startService(t, { ...environment, DOWNLOAD_MODE: mode })
      const origin = await app.listen({ host: '127.0.0.1', port: 0 })
      const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
        const answer = await fetch(`${origin}${objects}${path}`, {
          method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body),
        })
        return JSON.parse(await answer.text())
      }
      const put = async (path: string) => {
        const { objectKey, url, headers } = await post('/uploads', {
          workflowId, runId, direction: 'outputs', path, contentType: 'text/plain', sizeBytes: content.length,
        }, authorise(member))
        t.equal((await fetch(url, { method: 'PUT', headers, body: content })).status, 200)
        return String(objectKey)
      }

      for (const path of paths) {
        t.test(`${path} is put, downloaded whole and in part, described and deleted`, async (t) => {
          const objectKey = await put(path)
          t.equal(parseObjectKey(objectKey)?.path, path)
          const name = path.slice(path.lastIndexOf('/') + 1)
          const url = `${origin}${downloadPath(objectKey)}`

          const whole = await fetch(url)
          t.equal(whole.status, 200)
          t.equal(whole.redirected, mode === 'redirect')
          t.equal(await whole.text(), content)
          const disposition = contentDisposition('attachment', name)
          t.equal(whole.headers.get('content-disposition'), disposition)

          const shown = await fetch(`${url}&type=inline`)
          t.equal(shown.headers.get('content-disposition'), contentDisposition('inline', name))
          t.equal(await shown.text(), content)
          const part = await fetch(url, { headers: { range: 'bytes=2-4' } })
          t.equal(part.status, 206)
          t.equal(await part.text(), 'cde')
          const head = await fetch(url, { method: 'HEAD' })
          t.equal(head.status, 200)
          t.equal(head.headers.get('content-length'), '26')
          t.equal(head.headers.get('content-disposition'), disposition)
          const json = JSON.parse(await (await fetch(`${url}&as=json`)).text())
          t.match(json, { fileName: name, path, bytes: 26 })
          t.equal(await (await fetch(json.url)).text(), content)
          const { results: [{ link }] } = await post('/links', { objectKeys: [objectKey] })
          t.match(link, { fileName: name, path, bytes: 26 })

          const deleted = await app.inject({
            method: 'DELETE', url: `${objects}?objectKey=${encodeURIComponent(objectKey)}`, headers: authorise(admin),
          })
          t.match({ status: deleted.statusCode, body: deleted.json() }, { status: 200, body: { bytes: 26 } })
          t.equal((await fetch(url)).status, 404)
        })
      }

      t.test('a file and a folder may have the same name', async (t) => {
        const [file, inFolder] = [await put('same'), await put('same/same')]
        for (const objectKey of [file, inFolder]) t.equal(await (await fetch(`${origin}${downloadPath(objectKey)}`)).text(), content)
        const listed = []
        for await (const { name } of app.minio.listObjectsV2(app.storeTarget.bucket, 'acme/', true)) listed.push(name)
        t.strictSame(listed.sort(), [file, inFolder].sort())
        const object = await app.minio.getObject(app.storeTarget.bucket, inFolder)
        t.equal((await buffer(object)).toString(), content)
      })

      t.test('sums are those of the rows', async (t) => {
        t.strictSame(await auditSums(app.database), [])
      })
    })
  }
}
