import { once } from 'node:events'
import t from 'tap'
import { auditSums } from '../../../../../../db/usage/audit.js'
import { mintObjectKey } from '../../../../../../objects/object-key.js'
import { startRelay } from '../../../../../support/notification-relay.js'
import { foreignMember, member, runId, startService, workflowId } from '../../../../../support/service.js'
import { startVersitygw, withoutVersitygw } from '../../../../../support/versitygw.js'

const token = 'a-token-of-the-object-store'
const mint = (path: string, { orgKey, userId } = member) =>
  mintObjectKey({ orgKey, workflowId, runId, createdBy: userId, direction: 'outputs', path })
const KEY_COUNT = 200
const WORKER_COUNT = 8
const CHANGES_EACH = 50

/*
 * versitygw calls itself aws:s3, numbers events from 1 at each start, gives times in whole seconds, does not encode keys, omits
 * the size of copies and of files sent in parts, and sends each event only once, after it has answered the change.
 */
t.test('usage follows versitygw\'s own notifications', { skip: withoutVersitygw }, async (t) => {
  const store = await startVersitygw()
  t.teardown(() => store.stop())
  const bucket = 'objects'
  const { app, authorise } = await startService(t, {
    S3_ENDPOINT: store.endpoint,
    S3_ACCESS_KEY: store.accessKey,
    S3_SECRET_KEY: store.secretKey,
    S3_BUCKET: bucket,
    EVENTS_TOKEN: token,
    EVENTS_PATH_TOKEN: 'true',
  })
  const { minio } = app
  const answers: number[] = []
  const relay = await startRelay(app, token, answers, true)
  t.teardown(() => { relay.close() })
  const address = relay.address()
  // The relay says when an event has been answered, for which versitygw does not wait.
  const webhookUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`
  let sent = 0
  const restart = async () => {
    await store.restart(webhookUrl)
    // Its test message.
    sent++
    await arrived()
  }
  /** Resolves once as many notifications have been answered as changes were made. */
  const arrived = async () => {
    while (answers.length < sent) await once(relay, 'answered')
  }
  const put = async (key: string, size: number) => {
    await minio.putObject(bucket, key, Buffer.alloc(size), size)
    sent++
  }
  const remove = async (key: string) => {
    await minio.removeObject(bucket, key)
    sent++
  }
  const usage = async (caller = member) => {
    const answer = await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(caller) })
    const { totalBytes, fileCount } = answer.json()
    return [totalBytes, fileCount]
  }
  const stored = async (orgKey = member.orgKey) => {
    let [bytes, count] = [0, 0]
    for await (const { size = 0 } of minio.listObjectsV2(bucket, `${orgKey}/`, true)) [bytes, count] = [bytes + size, count + 1]
    return [bytes, count]
  }
  t.afterEach(async () => { t.strictSame(await auditSums(app.database), [], 'the sums are those of the rows') })
  await restart()

  t.test('a file that is put, overwritten by a bigger, a smaller and an empty one, and deleted, whatever its name', async (t) => {
    for (const name of ['plain.txt', 'a+b.txt', 'c%20d.txt', '100%.txt', 'e f/ä%2Fö+.txt']) {
      const key = mint(name)
      for (const size of [10, 25, 4, 0]) {
        await put(key, size)
        await arrived()
        t.strictSame(await usage(), [size, 1], `${name}: ${size}`)
      }
      await remove(key)
      await arrived()
      t.strictSame(await usage(), [0, 0], name)
    }
  })

  t.test('a copy, a file made of parts, and several deleted at once', async (t) => {
    const [original, copy] = [mint('parts + more.bin'), mint('copy of parts.bin')]
    const partSize = 5 * 1024 * 1024
    const uploadId = await minio.initiateNewMultipartUpload(bucket, original, {})
    const parts = []
    for (const [index, part] of [Buffer.alloc(partSize), Buffer.from('the end')].entries()) {
      const place = { bucketName: bucket, objectName: original, uploadID: uploadId, partNumber: index + 1, headers: {} }
      const { etag } = await minio.uploadPart(place, part)
      parts.push({ part: index + 1, etag })
    }
    await minio.completeMultipartUpload(bucket, original, uploadId, parts)
    sent++
    await arrived()
    t.strictSame(await usage(), [partSize + 7, 1])
    await minio.copyObject(bucket, copy, `/${bucket}/${original}`)
    sent++
    await arrived()
    t.strictSame(await usage(), [2 * (partSize + 7), 2])
    await minio.removeObjects(bucket, [original, copy])
    sent += 2
    await arrived()
    t.strictSame(await usage(), [0, 0])
  })

  t.test('after a restart, which numbers events from 1 again: files of before are overwritten by smaller ones, and deleted', async (t) => {
    const [overwritten, removed, foreign] = [mint('overwritten.txt'), mint('removed.txt'), mint('foreign.txt', foreignMember)]
    for (const [key, size] of [[overwritten, 1000], [removed, 500], [foreign, 70]] as const) await put(key, size)
    await arrived()
    t.strictSame([await usage(), await usage(foreignMember)], [[1500, 2], [70, 1]])
    await restart()
    await put(overwritten, 10)
    await remove(removed)
    await arrived()
    t.strictSame([await usage(), await usage(foreignMember)], [[10, 1], [70, 1]])
    await restart()
    await put(removed, 3)
    await remove(overwritten)
    await put(foreign, 7)
    await arrived()
    t.strictSame([await usage(), await usage(foreignMember)], [[3, 1], [7, 1]])
  })

  t.test('files that are put and deleted at the same time, before and after a restart: usage is what the bucket holds', async (t) => {
    const keys = Array.from({ length: KEY_COUNT }, (_, index) => mint(`many/${index}.bin`, index % 4 === 0 ? foreignMember : member))
    const work = async (worker: number) => {
      for (let change = 0; change < CHANGES_EACH; change++) {
        // Workers meet at the same keys.
        const key = keys[(change * 7 + worker * 3) % KEY_COUNT] ?? ''
        if ((change + worker) % 5 === 0) await remove(key)
        else await put(key, (change * 31 + worker) % 997)
      }
    }
    for (const round of ['before', 'after']) {
      await Promise.all(Array.from({ length: WORKER_COUNT }, (_, worker) => work(worker)))
      await arrived()
      t.strictSame([await usage(), await usage(foreignMember)], [await stored(), await stored(foreignMember.orgKey)], round)
      await restart()
    }
    t.not((await stored())[1], 0)
  })

  t.test('every change was told once, and every notification was understood', async (t) => {
    t.equal(answers.length, sent)
    t.strictSame([...new Set(answers)], [200])
  })

  t.test('what happens while nothing answers is never told, and a reconcile counts it', async (t) => {
    const before = await usage()
    relay.close()
    relay.closeAllConnections()
    await minio.putObject(bucket, mint('unheard of.txt'), Buffer.alloc(77), 77)
    t.strictSame(await usage(), before)
    await (await app.reconciliation.start({ prefix: '' }))?.done
    t.strictSame(await usage(), await stored())
  })
})
