import t, { type Test } from 'tap'
import { auditSums } from '../../../../../../db/usage/audit.js'
import { type CephServer, hasCeph, startCeph } from '../../../../../support/ceph-server.js'
import { startRelay, subscribe } from '../../../../../support/notification-relay.js'
import { member, runId, startService, workflowId } from '../../../../../support/service.js'

const token = 'a-token-of-the-object-store'
const contentType = 'text/plain'
const secretFile = 'what another organisation keeps here'

/** The service on a Ceph RGW, which takes headers that no signature covers, and a file in another bucket of the account. */
async function startOnCeph (t: Test, ceph: CephServer, bucket: string, credentials: Record<string, string> = {}) {
  const { endpoint, accessKey, secretKey } = ceph
  const started = await startService(t, {
    S3_ENDPOINT: endpoint,
    S3_ACCESS_KEY: accessKey,
    S3_SECRET_KEY: secretKey,
    S3_BUCKET: bucket,
    EVENTS_TOKEN: token,
    ...credentials,
  })
  const { app, authorise } = started
  const other = `${bucket}-other`
  await app.minio.makeBucket(other)
  const putSecret = async (name: string, type: string, body = secretFile) => {
    await app.minio.putObject(other, name, Buffer.from(body), body.length, { 'Content-Type': type })
    return `/${other}/${name}`
  }
  const relay = await startRelay(app, token, [])
  t.teardown(() => { relay.close() })
  t.ok(await subscribe(app, relay))
  return {
    ...started,
    putSecret,
    reserve: async (sizeBytes?: number) => (await app.inject({
      method: 'POST',
      url: '/api/v1/objects/uploads',
      headers: authorise(member),
      payload: { workflowId, runId, direction: 'outputs', fileName: 'file.txt', contentType, sizeBytes },
    })).json(),
    usage: async () => {
      const { totalBytes, fileCount } = (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(member) })).json()
      return [totalBytes, fileCount]
    },
    metric: async (name: string) => (await app.metrics.metrics()).split('\n').filter((line) => line.startsWith(name)),
  }
}

const skip = await hasCeph() ? false : 'Ceph RGW is not installed'

t.test('uploads to a store that takes headers which no signature covers', { skip }, async (t) => {
  const ceph = await startCeph()
  t.teardown(() => ceph.stop())

  t.test('with credentials that may only put, an upload URL copies nothing', async (t) => {
    const { accessKey, secretKey } = await ceph.createUploadKeys()
    const { app, reserve, putSecret, usage, downloadPath } = await startOnCeph(t, ceph, 'write-only', {
      S3_UPLOAD_ACCESS_KEY: accessKey, S3_UPLOAD_SECRET_KEY: secretKey,
    })
    const source = await putSecret('secret', contentType)
    for (const directive of ['COPY', 'REPLACE']) {
      const { objectKey, url, headers } = await reserve(5)
      const { status } = await fetch(url, {
        method: 'PUT', body: 'hello', headers: { ...headers, 'x-amz-copy-source': source, 'x-amz-metadata-directive': directive },
      })
      t.equal(status, 403)
      t.equal(await app.objectStorage.head(objectKey), undefined)
    }
    t.strictSame(await usage(), [0, 0])

    const { objectKey, url, headers } = await reserve(5)
    t.equal(new URL(url).searchParams.get('X-Amz-Credential')?.split('/')[0], accessKey)
    t.equal((await fetch(url, { method: 'PUT', body: 'hello', headers })).status, 200)
    t.strictSame(await usage(), [5, 1])
    const redirect = await app.inject(downloadPath(objectKey))
    t.equal(await (await fetch(redirect.headers.location ?? '')).text(), 'hello', 'the file is the service\'s')
    await app.objectStorage.remove(objectKey)
    t.strictSame(await usage(), [0, 0])
  })

  t.test('without them, what was copied is removed where it is bigger or of another type, and usage is right', async (t) => {
    const { app, reserve, putSecret, usage, metric } = await startOnCeph(t, ceph, 'all-powerful')
    const copy = async (source: string, sizeBytes?: number, directive = 'COPY') => {
      const { objectKey, url, headers } = await reserve(sizeBytes)
      const { status } = await fetch(url, {
        method: 'PUT',
        body: 'x'.repeat(sizeBytes ?? 5),
        headers: { ...headers, 'x-amz-copy-source': source, 'x-amz-metadata-directive': directive },
      })
      t.equal(status, 200, 'the store lets it through')
      return { isThere: await app.objectStorage.head(objectKey) !== undefined, usage: await usage() }
    }
    const gone = { isThere: false, usage: [0, 0] }
    t.strictSame(await copy(await putSecret('bigger', contentType), 5), gone)
    t.strictSame(await copy(await putSecret('image', 'image/png'), 1000), gone, 'of another type')
    t.strictSame(await copy(await putSecret('image', 'image/png')), gone, 'of any size')
    t.strictSame(await copy(await putSecret('bigger', 'image/png'), 5, 'REPLACE'), gone, 'it has the type of the request now')
    t.strictSame((await metric('objects_storage_uploads_removed_total')).toSorted(), [
      'objects_storage_uploads_removed_total{reason="size"} 2', 'objects_storage_uploads_removed_total{reason="type"} 2',
    ])

    const same = await copy(await putSecret('same', contentType), secretFile.length)
    t.strictSame(same, { isThere: true, usage: [secretFile.length, 1] }, 'nothing that the store says tells it from an upload')
    t.strictSame(await metric('objects_storage_uploads_copied_total'), ['objects_storage_uploads_copied_total 1'])
    const kept = await app.database.selectFrom('set_aside_events').select('reason').where('reason', '=', 'copied_over_upload').execute()
    t.equal(kept.length, 1)

    const { url, headers } = await reserve(5)
    t.equal((await fetch(url, { method: 'PUT', body: 'hello', headers })).status, 200)
    t.strictSame(await usage(), [secretFile.length + 5, 2], 'an ordinary upload stays')
    t.strictSame(await auditSums(app.database), [])
  })
})
