import t, { type Test } from 'tap'
import { auditSums } from '../../../../../../db/usage/audit.js'
import { type CephServer, hasCeph, startCeph } from '../../../../../support/ceph-server.js'
import { bucketRecord } from '../../../../../support/bucket-records.js'
import { startRelay, subscribe } from '../../../../../support/notification-relay.js'
import { member, runId, startService, workflowId } from '../../../../../support/service.js'

const token = 'a-token-of-the-object-store'
const contentType = 'text/plain'
const secretFile = 'what another organisation keeps here'

/**
 * Starts the service on a Ceph RGW, which accepts headers that no signature covers, with a file in another bucket of the
 * account.
 */
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
  const answers: number[] = []
  const relay = await startRelay(app, token, answers)
  t.teardown(() => { relay.close() })
  t.ok(await subscribe(app, relay))
  return {
    ...started,
    answers,
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
  const { accessKey, secretKey } = await ceph.createUploadKeys()

  t.test('with credentials that may only put, an upload URL copies nothing', async (t) => {
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

  t.test('with credentials that may only put, the URL of a part copies nothing, and completes nothing', async (t) => {
    const { app, authorise, putSecret, usage } = await startOnCeph(t, ceph, 'parts', {
      S3_UPLOAD_ACCESS_KEY: accessKey, S3_UPLOAD_SECRET_KEY: secretKey,
    })
    const source = await putSecret('secret', contentType)
    const ask = async (path: string, payload: object) => (await app.inject({
      method: 'POST', url: `/api/v1/objects/uploads${path}`, headers: authorise(member), payload,
    })).json()
    const { uploadId, parts: [{ url }] } = await ask('', {
      workflowId, runId, direction: 'outputs', fileName: 'file.txt', contentType, sizeBytes: 5, multipart: true,
    })
    const put = async (headers: Record<string, string>) => (await fetch(url, { method: 'PUT', body: 'hello', headers })).status
    t.equal(await put({ 'x-amz-copy-source': source }), 403)
    t.equal(await put({ 'x-amz-copy-source': source, 'x-amz-copy-source-range': 'bytes=0-4' }), 403)
    t.equal((await ask('/complete', { uploadId })).code, 'UPLOAD_INCOMPLETE')
    t.equal(await put({}), 200)
    t.equal((await ask('/complete', { uploadId })).sizeBytes, 5)
    t.strictSame(await usage(), [5, 1])
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

  for (const name of ['credentials that may only put', 'the service\'s own credentials']) {
    t.test(`with ${name}, a file that its sender takes from the bucket's owner blocks no sender of events`, async (t) => {
      const isRestricted = name.startsWith('credentials')
      const { app, authorise, answers, reserve, putSecret, usage, metric, downloadPath } = await startOnCeph(
        t, ceph, isRestricted ? 'taken-by-writer' : 'taken', isRestricted ? { S3_UPLOAD_ACCESS_KEY: accessKey, S3_UPLOAD_SECRET_KEY: secretKey } : {})
      const taking = { 'x-amz-grant-read-acp': 'uri="http://acs.amazonaws.com/groups/global/AllUsers"' }
      const put = async (more: Record<string, string>) => {
        const { objectKey, url, headers } = await reserve(5)
        const { status } = await fetch(url, { method: 'PUT', body: 'hello', headers: { ...headers, ...more } })
        t.equal(status, 200)
        // Overwritten within the clocks' tolerance, so that the bucket has to be asked.
        await fetch(url, { method: 'PUT', body: 'hullo', headers: { ...headers, ...more } })
        return String(objectKey)
      }
      const taken = await put(taking)
      const ordinary = await put({})
      t.equal((await app.inject(downloadPath(taken))).statusCode, 502, 'the service may not read it')
      t.strictSame(new Set(answers), new Set([200]))
      t.strictSame(await usage(), [10, 2])

      const { bucket } = app.storeTarget
      const records = [taken, ordinary].map((objectKey) => bucketRecord(objectKey, { bucket, sizeBytes: 7 }))
      const answer = await app.inject({
        method: 'POST',
        url: '/api/v1/objects/events',
        headers: { authorization: `Bearer ${token}` },
        payload: { Records: records.map((record) => ({ ...record, eventTime: '0.000000' })) },
      })
      t.strictSame([answer.statusCode, answer.json()], [200, { applied: 2, setAside: 0, ignored: 0 }])
      t.strictSame(await usage(), [10, 2], 'what the bucket has counts, not what the event says')
      t.match((await metric('objects_storage_unreadable_files_total'))[0], /total [1-9]/)

      if (!isRestricted) {
        const { url, headers } = await reserve(5)
        const source = await putSecret('bigger', contentType)
        await fetch(url, { method: 'PUT', body: 'hello', headers: { ...headers, ...taking, 'x-amz-copy-source': source } })
        t.strictSame(await usage(), [10, 2], 'one that is too big is removed all the same')
        t.strictSame(await metric('objects_storage_uploads_removed_total'), ['objects_storage_uploads_removed_total{reason="size"} 1'])
      }

      t.equal(await (await app.reconciliation.start({ prefix: '' }))?.done.then(({ unsettledCount }) => unsettledCount), 0)
      const deletion = await app.inject({
        method: 'DELETE', url: `/api/v1/objects?objectKey=${encodeURIComponent(taken)}`, headers: authorise(member),
      })
      t.strictSame([deletion.statusCode, deletion.json().bytes], [200, 5])
      t.strictSame(await usage(), [5, 1])
      t.strictSame(await auditSums(app.database), [])
    })
  }
})
