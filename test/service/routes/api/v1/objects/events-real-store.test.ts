import t from 'tap'
import { auditSums } from '../../../../../../db/usage/audit.js'
import { mintObjectKey } from '../../../../../../objects/object-key.js'
import { startRelay, subscribe } from '../../../../../support/notification-relay.js'
import { member, runId, startService, workflowId } from '../../../../../support/service.js'
import { storeKinds } from '../../../../../support/stores.js'

const token = 'a-token-of-the-object-store'
const real = storeKinds.find(({ name }) => name === 'real S3')
const mint = (path: string) =>
  mintObjectKey({ orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path })

// Topics of this kind deliver before the change is answered, so usage is correct at once.
t.test('usage follows a real store\'s own notifications', { skip: real?.skip ?? 'there is no real store' }, async (t) => {
  const environment = real?.environment() ?? {}
  const { app, authorise } = await startService(t, { ...environment, EVENTS_TOKEN: token })
  t.teardown(() => real?.remove(environment))
  const { minio, storeTarget: { bucket } } = app
  const answers: number[] = []
  const relay = await startRelay(app, token, answers)
  t.teardown(() => { relay.close() })
  if (!await subscribe(app, relay)) {
    t.comment('the store has no topics: nothing to test')
    return
  }
  const usage = async () => {
    const response = await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(member) })
    const { totalBytes, fileCount } = response.json()
    return [totalBytes, fileCount]
  }
  const put = (key: string, size: number) => minio.putObject(bucket, key, Buffer.alloc(size), size)

  t.test('a file that is put, overwritten by a bigger, a smaller and an empty one, and deleted', async (t) => {
    const key = mint('plots/2026 %2F/a b+c%20é&?#.txt')
    for (const size of [10, 25, 4, 0]) {
      await put(key, size)
      t.strictSame(await usage(), [size, 1])
    }
    await minio.removeObject(bucket, key)
    t.strictSame(await usage(), [0, 0])
  })

  t.test('a file made of parts, and a copy of it', async (t) => {
    const [original, copy] = [mint('parts.bin'), mint('copy of parts.bin')]
    const partSize = 5 * 1024 * 1024
    const uploadId = await minio.initiateNewMultipartUpload(bucket, original, {})
    const parts = []
    for (const [index, part] of [Buffer.alloc(partSize), Buffer.from('the end')].entries()) {
      const place = { bucketName: bucket, objectName: original, uploadID: uploadId, partNumber: index + 1, headers: {} }
      const { etag } = await minio.uploadPart(place, part)
      parts.push({ part: index + 1, etag })
    }
    t.strictSame(await usage(), [0, 0], 'parts are no file')
    await minio.completeMultipartUpload(bucket, original, uploadId, parts)
    t.strictSame(await usage(), [partSize + 7, 1])
    await minio.copyObject(bucket, copy, `/${bucket}/${original}`)
    t.strictSame(await usage(), [2 * (partSize + 7), 2])
    await minio.removeObject(bucket, original)
    await minio.removeObject(bucket, copy)
    t.strictSame(await usage(), [0, 0])
  })

  t.test('a file with versions: its delete marker, and what is left when versions are deleted for good', async (t) => {
    const key = mint('versions.txt')
    await minio.setBucketVersioning(bucket, { Status: 'Enabled' })
    await put(key, 3)
    await put(key, 6)
    t.strictSame(await usage(), [6, 1])
    await minio.removeObject(bucket, key)
    t.strictSame(await usage(), [0, 0])
    const versions = []
    for await (const version of minio.listObjects(bucket, key, true, { IncludeVersion: true })) versions.push(version)
    const marker = versions.find(({ isDeleteMarker }) => isDeleteMarker)
    const newest = versions.find(({ size }) => size === 6)
    const oldest = versions.find(({ size }) => size === 3)
    for (const [version, left] of [[marker, [6, 1]], [newest, [3, 1]], [oldest, [0, 0]]] as const) {
      await minio.removeObject(bucket, key, { versionId: version?.versionId })
      t.strictSame(await usage(), left)
    }
    await minio.setBucketVersioning(bucket, { Status: 'Suspended' })
  })

  t.test('every notification was answered, and the sums are those of the rows', async (t) => {
    t.strictSame(answers, Array.from({ length: 15 }, () => 200))
    t.strictSame(await auditSums(app.database), [])
  })
})
