import { randomBytes, randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { Agent, request } from 'undici'
import { startEmbeddedStore } from '../../embedded/s3/object-store.js'
import { FixedCredentials } from '../../store/credentials.js'
import { createPresign } from '../../store/presigning.js'
import { mintObjectKey } from '../../objects/object-key.js'
import { compileCommands } from '../support/command-process.js'
import { createServerDatabase, lockWaits, testDatabaseUrl } from '../support/database.js'
import { FaultProxy } from '../support/fault-proxy.js'
import { TOKEN_SECRET, member, runId, workflowId } from '../support/service.js'
import { startServiceProcess } from '../support/service-process.js'

const commands = await compileCommands(t)
const SIZE_BYTES = 16 * 1024 * 1024

const mint = (path: string) =>
  mintObjectKey({ orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path })

/** The service in its own process, which streams files from a store behind a proxy. */
async function start (t: Test, environment: Record<string, string> = {}) {
  const account = { accessKey: 'test', secretKey: randomUUID() }
  const store = await startEmbeddedStore({ directory: t.testdir(), bucket: 'test', region: 'us-east-1', ...account })
  const proxy = await FaultProxy.start(store.endpoint)
  t.teardown(async () => {
    await proxy.close()
    await store.close()
  })
  const process = await startServiceProcess(t, commands, {
    S3_ENDPOINT: proxy.endpoint,
    S3_ACCESS_KEY: account.accessKey,
    S3_SECRET_KEY: account.secretKey,
    S3_BUCKET: 'test',
    DOWNLOAD_MODE: 'stream',
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    JWT_SECRET: TOKEN_SECRET,
    ...environment,
  })
  const objectKey = mint('file.bin')
  const content = randomBytes(SIZE_BYTES)
  const presign = createPresign({ endpoint: store.endpoint, region: 'us-east-1', bucket: 'test', credentials: new FixedCredentials(account) })
  const url = presign({ method: 'PUT', objectKey, signedAt: new Date(), expiresInSeconds: 60 })
  const put = await fetch(url, { method: 'PUT', body: content })
  t.equal(put.status, 200)
  const dispatcher = new Agent()
  t.teardown(() => dispatcher.destroy())
  const get = (path: string) => request(new URL(path, process.origin), { dispatcher })
  return { ...process, proxy, content, get, downloadPath: `/api/v1/objects/download?objectKey=${encodeURIComponent(objectKey)}` }
}

t.test('a slow download under way when SIGTERM comes is sent to its end, and the service then ends with 0', async (t) => {
  const { child, exited, logged, get, downloadPath, content } = await start(t)
  const { statusCode, body } = await get(downloadPath)
  t.equal(statusCode, 200)
  // Nothing has been read yet, so most of the file is still waiting on the other side.
  child.kill('SIGTERM')
  await logged('stopping')
  t.ok(content.equals(await buffer(body)), 'every byte came')
  t.equal(await exited, 0)
})

t.test('a download that stalls is broken off at the end of the grace, and the service ends with 0', async (t) => {
  const { child, exited, logged, get, downloadPath, proxy } = await start(t, { SHUTDOWN_GRACE: '0.3' })
  proxy.inject({ kind: 'stall', afterBytes: 1024 * 1024 })
  const { body } = await get(downloadPath)
  const read = buffer(body)
  read.catch(() => {})
  child.kill('SIGTERM')
  await logged('breaking off')
  await t.rejects(read)
  t.equal(await exited, 0)
})

t.test('readiness is the first to end: until SHUTDOWN_DELAY is over, requests are answered, on connections to be closed', async (t) => {
  const { child, exited, logged, get, downloadPath, proxy } = await start(t, { SHUTDOWN_DELAY: '5' })
  t.match(await (await get('/health/ready')).body.json(), { status: 'degraded' })
  proxy.forgetRequests()
  child.kill('SIGTERM')
  await logged('stopping')
  const ready = await get('/health/ready')
  t.equal(ready.statusCode, 503)
  t.match(await ready.body.json(), { status: 'stopping' })
  const { statusCode, headers, body } = await get(downloadPath)
  t.match({ statusCode, headers }, { statusCode: 200, headers: { connection: 'close' } })
  t.equal((await buffer(body)).length, SIZE_BYTES)
  t.equal(await exited, 0)
  await t.rejects(get('/health/live'))
})

t.test('a second signal ends the service at once', async (t) => {
  const { child, exited, logged, get, downloadPath, proxy } = await start(t, { SHUTDOWN_GRACE: '3600' })
  proxy.inject({ kind: 'stall', afterBytes: 1024 * 1024 })
  const { body } = await get(downloadPath)
  const read = buffer(body)
  read.catch(() => {})
  child.kill('SIGTERM')
  await logged('stopping')
  child.kill('SIGTERM')
  await t.rejects(read)
  t.equal(await exited, 1)
})

t.test('notifications that are being taken in when SIGTERM comes are committed and answered', {
  skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set',
}, async (t) => {
  const { database, url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  const eventsToken = randomUUID()
  const { child, exited, logged, origin, get } = await start(t, { DATABASE_URL: url ?? '', EVENTS_TOKEN: eventsToken })
  const notify = (path: string) => request(new URL('/api/v1/objects/events', origin), {
    method: 'POST',
    headers: { authorization: `Bearer ${eventsToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      Records: [{
        eventSource: 'aws:s3',
        eventName: 'ObjectCreated:Put',
        eventTime: new Date().toISOString(),
        s3: { bucket: { name: 'test' }, object: { key: mint(path), size: 1, eTag: 'e', sequencer: '0A' } },
      }],
    }),
  })
  // As long as this transaction holds the sums, no batch can be committed.
  const answers = await database.transaction().execute(async (transaction) => {
    await transaction.insertInto('usage_sums').values({
      org_key: 'acme', workflow_id: workflowId, created_by: member.userId, direction: 'outputs', size_bytes: 0n, file_count: 0n,
    }).execute()
    const first = notify('first')
    // The batch of the first waits for the sums. Otherwise the second would join that batch, and nothing would ever wait.
    await lockWaits(database)
    const second = notify('second')
    const hasOneQueued = async () => /^objects_storage_event_records_queued 1$/m.test(await (await get('/metrics')).body.text())
    while (!await hasOneQueued()) { /* until the second waits for the following batch */ }
    child.kill('SIGTERM')
    await logged('stopping')
    return [first, second]
  })
  for (const { statusCode } of await Promise.all(answers)) t.equal(statusCode, 200)
  t.equal(await exited, 0)
  const sums = await database.selectFrom('usage_sums').select('file_count').execute()
  t.strictSame(sums, [{ file_count: 2n }])
})
