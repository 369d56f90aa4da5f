import { join } from 'node:path'
import { sql } from 'kysely'
import t from 'tap'
import { auditSums } from '../../../db/usage/audit.js'
import { createEmbeddedDirectory } from '../../support/embedded-template.js'
import { member, runId, startService, workflowId } from '../../support/service.js'
import { mountSmallDisk } from './small-disk.js'

/** Nothing should take nearly this long. */
const LONGEST_ANSWER_MS = 25_000
const DISK_MEBIBYTES = 160
const FILE_BYTES = 20_000

const disk = await mountSmallDisk(t, DISK_MEBIBYTES)

t.test('the embedded parts on a full disk refuse what they cannot keep, and recover once there is room', {
  skip: disk === undefined && 'no file system can be mounted here: that is for root', timeout: 200_000,
}, async (t) => {
  if (disk === undefined) return
  await createEmbeddedDirectory(join(disk.directory, 'database'))
  const { app, authorise, putFile, downloadPath, nextLine } = await startService(t, { DATA_DIR: disk.directory, EXISTENCE_TTL: '0' })
  const address = await app.listen({ port: 0, host: '127.0.0.1' })

  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(new URL(path, address), { ...init, signal: AbortSignal.timeout(LONGEST_ANSWER_MS) })
    return { status: answer.status, body: await answer.text() }
  }
  const mint = async () => await ask('/api/v1/objects/uploads', {
    method: 'POST',
    headers: { ...authorise(member), 'content-type': 'application/json' },
    body: JSON.stringify({ workflowId, runId, direction: 'outputs', fileName: 'file', contentType: 'text/plain' }),
  })
  const put = async (url: string) =>
    await ask(url, { method: 'PUT', headers: { 'content-type': 'text/plain' }, body: 'x'.repeat(FILE_BYTES) })
  const readUsage = async () => await ask('/api/v1/objects/storage-usage', { headers: authorise(member) })

  const keptKey = await putFile('kept')
  const removedKeys = [await putFile('removed'), await putFile('removed too')]
  const minted = JSON.parse((await mint()).body)
  await app.bucketEvents.settled()
  disk.fill()

  await t.test('an upload is refused, and nothing of it is there', async (t) => {
    const refused = await put(minted.url)
    t.equal(refused.status, 507)
    t.match(refused.body, '<Code>XMinioStorageFull</Code>')
    t.equal((await ask(downloadPath(minted.objectKey))).status, 404)
  })

  await t.test('where tables cannot grow the answer is that the database is away', async (t) => {
    const mints = []
    do mints.push(await mint()); while (mints.at(-1)?.status === 201)
    const [last] = mints.slice(-1)
    t.equal(last?.status, 503)
    t.match(JSON.parse(last?.body ?? ''), { code: 'DATABASE_UNAVAILABLE' })
    t.equal((await readUsage()).status, 200, 'what there is can be read')
  })

  await t.test('where the write-ahead log cannot grow the service continues without its database', async (t) => {
    const crashed = nextLine(({ msg }) => msg.includes('the embedded database crashed'))
    const write = sql`select pg_logical_emit_message(false, 'test', repeat('x', 500000))`
    let failure: unknown
    while (failure === undefined) await write.execute(app.database).catch((error: unknown) => { failure = error })
    t.match(failure, { code: '53100', severity: 'PANIC' })
    await crashed
    for (const { status, body } of [await readUsage(), await mint(), await readUsage()]) {
      t.equal(status, 503)
      t.match(JSON.parse(body), { code: 'DATABASE_UNAVAILABLE' })
    }
    t.match(await ask('/health/ready'), { status: 200, body: '"degraded"' })
    t.strictSame(await ask(downloadPath(keptKey)), { status: 200, body: 'kept' }, 'downloads go on')
  })

  await t.test('once there is room again everything continues, and everything is counted as it is', async (t) => {
    const kept = nextLine(({ msg }) => msg.includes('are kept until they can'))
    for (const objectKey of removedKeys) await app.minio.removeObject(app.storeTarget.bucket, objectKey)
    await kept
    const counted = nextLine(({ msg }) => msg.includes('are counted again'))
    await disk.free()
    await counted
    const upload = JSON.parse((await mint()).body)
    t.equal((await put(upload.url)).status, 200)
    t.equal((await put(minted.url)).status, 200, 'what was refused is taken')
    await app.bucketEvents.settled()

    t.match(JSON.parse((await readUsage()).body), { totalBytes: 4 + 2 * FILE_BYTES, fileCount: 3 })
    t.strictSame(await auditSums(app.database), [])
    const reconcile = await app.reconciliation.start({ prefix: '' })
    t.match(await reconcile?.done, { listedCount: 3, addedCount: 0, removedCount: 0, correctedCount: 0, unsettledCount: 0 })
  })
})
