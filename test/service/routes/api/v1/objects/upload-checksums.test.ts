import { createHash } from 'node:crypto'
import t from 'tap'
import { confirmDigests } from '../../../../../../uploads/confirm-digests.js'
import { colleague, foreignAdmin, member, runId, startService, workflowId } from '../../../../../support/service.js'
import { storeKinds } from '../../../../../support/stores.js'

const BODY = '{"hello": "world"}\n'
const hexOf = (algorithm: string, text = BODY) => createHash(algorithm).update(text).digest('hex')
const sha256 = hexOf('sha256')
const md5 = hexOf('md5')
const OTHER = BODY.replace('world', 'earth')
const wanted = { workflowId, runId, direction: 'outputs', fileName: 'a.json', contentType: 'application/json' }
const SHA256_FIELD = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:'
const MD5_FIELD = 'md5=:UFIauregE76D7gDe0/n0JA==:'

for (const kind of storeKinds) {
  t.test(`checksums on the ${kind.name}`, { skip: kind.skip }, async (t) => {
    const isEmbedded = kind.name === 'embedded store'
    const place = kind.environment()
    t.teardown(async () => { await kind.remove(place) })
    // Ceph RGW 16 ignores the others.
    const { app, authorise, follow, downloadPath } = await startService(t, {
      ...place, DOWNLOAD_MODE: 'stream', ...isEmbedded ? {} : { UPLOAD_CHECKSUMS: 'md5' },
    })
    const mint = async (change: object, caller = member) => await app.inject({
      method: 'POST', url: '/api/v1/objects/uploads', headers: authorise(caller), payload: { ...wanted, ...change },
    })
    const put = async ({ url, headers }: { url: string, headers: Record<string, string> }, body = BODY) =>
      (await follow(url, { method: 'PUT', body, headers })).status
    const head = async (objectKey: string) => (await app.inject({ method: 'HEAD', url: downloadPath(objectKey) })).headers['repr-digest']
    const link = async (objectKey: string) => (await app.inject(`${downloadPath(objectKey)}&as=json`)).json()
    const describe = async (objectKey: string, caller = member) => await app.inject({
      url: `/api/v1/objects?objectKey=${encodeURIComponent(objectKey)}`, headers: authorise(caller),
    })
    const listed = async (objectKey: string) => {
      const { files } = (await app.inject({ url: `/api/v1/objects?workflowId=${workflowId}&runId=${runId}`, headers: authorise(member) })).json()
      return files.find((file: { objectKey: string }) => file.objectKey === objectKey)
    }
    const count = async (objectKey: string) => { await app.bucketEvents.recount(objectKey, { wasStored: true }) }

    t.test('a file with another MD5 is refused, and one with the stated one verified by its entity tag', async (t) => {
      const upload = (await mint({ md5, sizeBytes: BODY.length })).json()
      t.strictSame(upload.enforced, ['md5'])
      t.equal(upload.headers['content-md5'], 'UFIauregE76D7gDe0/n0JA==')
      t.equal(await put(upload, OTHER), 400)
      const { 'content-md5': _digest, ...others } = upload.headers
      t.equal(await put({ ...upload, headers: others }), 403, 'the header cannot be left out')
      t.equal(await head(upload.objectKey), undefined)
      t.equal(await put(upload), 200)
      t.equal(await head(upload.objectKey), MD5_FIELD)
      t.match(await link(upload.objectKey), { md5, sha256: undefined })
      await count(upload.objectKey)
      t.match((await describe(upload.objectKey)).json(), { md5 })
      t.match(await listed(upload.objectKey), { md5 })
    })

    t.test('a SHA-256 is enforced where the store does so, and otherwise a claim', async (t) => {
      const upload = (await mint({ sha256: sha256.toUpperCase() })).json()
      t.strictSame(upload.enforced, isEmbedded ? ['sha256'] : [])
      t.equal('x-amz-checksum-sha256' in upload.headers, isEmbedded)
      t.equal(await put(upload, OTHER), isEmbedded ? 400 : 200)
      t.equal(await put(upload), 200)
      await count(upload.objectKey)
      t.equal(await head(upload.objectKey), isEmbedded ? SHA256_FIELD : undefined)
      const shown = isEmbedded ? { sha256, claimedSha256: undefined } : { sha256: undefined, claimedSha256: sha256 }
      t.match(await link(upload.objectKey), shown)
      t.match((await describe(upload.objectKey)).json(), { sha256: undefined, claimedSha256: sha256 }, 'the store was not asked')
      t.equal(await confirmDigests(app.database, app.objectStorage, new AbortController().signal), isEmbedded ? 1 : 0)
      t.match((await describe(upload.objectKey)).json(), shown)
      t.match(await listed(upload.objectKey), shown)
      t.equal(await confirmDigests(app.database, app.objectStorage, new AbortController().signal), 0, 'it is asked once')
    })

    t.test('what is put in its place later has no digest that was another file\'s', async (t) => {
      const { objectKey, ...upload } = (await mint({ sha256, md5 })).json()
      t.equal(await put(upload), 200)
      await count(objectKey)
      await confirmDigests(app.database, app.objectStorage, new AbortController().signal)
      const { bucket } = app.storeTarget
      await app.minio.putObject(bucket, objectKey, OTHER, OTHER.length)
      await count(objectKey)
      app.existence.forget(objectKey)
      t.equal(await head(objectKey), undefined)
      t.match(await link(objectKey), { sha256: undefined, md5: undefined, claimedSha256: sha256 })
      t.match((await describe(objectKey)).json(), { sha256: undefined, md5: undefined, claimedSha256: sha256 })
    })

    t.test('of a file in parts every checksum is a claim', async (t) => {
      const upload = (await mint({ sha256, md5, multipart: true, sizeBytes: BODY.length })).json()
      t.match(upload, { enforced: [], headers: {} })
      t.equal(await put({ ...upload, headers: {} }, BODY), 200)
      const completed = await app.inject({
        method: 'POST', url: '/api/v1/objects/uploads/complete', headers: authorise(member), payload: { uploadId: upload.uploadId },
      })
      t.equal(completed.statusCode, 200)
      t.equal(await head(upload.objectKey), undefined)
      t.match((await describe(upload.objectKey)).json(), { sha256: undefined, md5: undefined, claimedSha256: sha256 })
    })

    t.test('a stream names them as HEAD does, also with a range, and not in a 304', async (t) => {
      const { objectKey, ...upload } = (await mint({ sha256, md5 })).json()
      t.equal(await put(upload), 200)
      const field = isEmbedded ? `${SHA256_FIELD}, ${MD5_FIELD}` : MD5_FIELD
      const whole = await app.inject(downloadPath(objectKey))
      t.equal(whole.statusCode, 200)
      t.equal(whole.headers['repr-digest'], field)
      t.equal(await head(objectKey), field)
      const part = await app.inject({ url: downloadPath(objectKey), headers: { range: 'bytes=2-3' } })
      t.equal(part.statusCode, 206)
      t.equal(part.headers['repr-digest'], field, 'it is of the whole file')
      await count(objectKey)
      await confirmDigests(app.database, app.objectStorage, new AbortController().signal)
      const later = await app.inject({ url: downloadPath(objectKey), headers: { range: 'bytes=2-3' } })
      t.equal(later.headers['repr-digest'], field, 'also where the database alone tells')
      const known = await app.inject({ url: downloadPath(objectKey), headers: { 'if-none-match': String(whole.headers.etag) } })
      t.equal(known.statusCode, 304)
      t.notOk('repr-digest' in known.headers)
    })

    t.test('digests of another form are refused', async (t) => {
      for (const digests of [{ sha256: md5 }, { sha256: 'RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=' }, { md5: sha256 }, { crc32c: '123' }, { sha1: md5 }]) {
        t.equal((await mint(digests)).statusCode, 400, JSON.stringify(digests))
      }
    })

    t.test('nobody learns a claim of a file that they may not list', async (t) => {
      const { objectKey, ...upload } = (await mint({ sha256 })).json()
      t.equal(await put(upload), 200)
      await count(objectKey)
      t.equal((await describe(objectKey)).statusCode, 200)
      for (const caller of [colleague, foreignAdmin]) t.equal((await describe(objectKey, caller)).statusCode, 404)
    })
  })
}
