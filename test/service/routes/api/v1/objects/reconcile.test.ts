import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import type { ReconcileRun } from '../../../../../../reconcile/run.js'
import { admin, member, service, startService } from '../../../../../support/service.js'

async function startReconcilable (t: Test) {
  const started = await startService(t)
  const { app, authorise } = started
  const url = '/api/v1/objects/reconcile'
  return {
    ...started,
    post: async (caller = admin) => await app.inject({ method: 'POST', url, headers: authorise(caller) }),
    read: async (caller = admin) => await app.inject({ url, headers: authorise(caller) }),
    usage: async () => (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(admin) })).json(),
    forgetFiles: async () => { await sql`truncate objects, usage_sums`.execute(app.database) },
  }
}

/** How a run that has begun ends. */
async function endOf (run: ReconcileRun | undefined): Promise<string | undefined> {
  return await run?.done.then(() => 'complete', () => 'ended early')
}

t.test('an admin makes usage agree with storage, and sees how far that has come', async (t) => {
  const { app, putFile, post, read, usage, forgetFiles } = await startReconcilable(t)
  t.equal((await read()).json().code, 'RECONCILIATION_NOT_FOUND')
  await putFile('x'.repeat(100))
  await putFile('y')
  await app.minio.putObject(app.storeTarget.bucket, 'acme/notes.txt', 'foreign')
  await app.minio.putObject(app.storeTarget.bucket, 'other/notes.txt', 'another organisation\'s')
  await app.bucketEvents.settled()
  await forgetFiles()
  t.equal((await usage()).fileCount, 0)

  const answer = await post()
  t.equal(answer.statusCode, 202)
  t.match(answer.json(), { status: 'running', listedFiles: 0 })
  let progress = (await read()).json()
  while (progress.status === 'running') {
    await setImmediate()
    progress = (await read()).json()
  }
  t.match(progress, {
    status: 'complete', listedFiles: 3, added: 2, removed: 0, corrected: 0, left: 0, unsettled: 0, foreignObjects: 1, foreignBytes: 7, failure: null,
  })
  const after = await usage()
  t.match(after, { totalBytes: 101, fileCount: 2, reconciledAt: progress.startedAt })
})

t.test('only an admin may start one and see it', async (t) => {
  const { post, read } = await startReconcilable(t)
  for (const caller of [member, service]) {
    t.equal((await post(caller)).statusCode, 403)
    t.equal((await read(caller)).statusCode, 403)
  }
})

t.test('while one is running, another of the same organisation is refused, and one of another organisation is not', async (t) => {
  const { app, post, putFile } = await startReconcilable(t)
  const other = { ...admin, orgKey: 'other' }
  await putFile('x')
  const stop = new AbortController()
  // One object in a thousand seconds: it waits after the first.
  const all = await app.reconciliation.start({ prefix: '', keysPerSecond: 0.001, signal: stop.signal })
  for (const caller of [admin, other]) {
    const answer = await post(caller)
    t.strictSame([answer.statusCode, answer.json().code], [409, 'RECONCILE_RUNNING'])
  }
  stop.abort(new Error('enough'))
  t.equal(await endOf(all), 'ended early')

  const stopOwn = new AbortController()
  const own = await app.reconciliation.start({ prefix: 'acme/', keysPerSecond: 0.001, signal: stopOwn.signal })
  t.equal((await post(admin)).statusCode, 409)
  t.equal(await app.reconciliation.start({ prefix: '' }), undefined)
  t.equal((await post(other)).statusCode, 202)
  stopOwn.abort(new Error('enough'))
  t.equal(await endOf(own), 'ended early')
  t.equal((await post(admin)).statusCode, 202)
})

t.test('closing the service ends a reconcile, and leaves it to be gone on with', async (t) => {
  const { app, putFile } = await startReconcilable(t)
  await putFile('x')
  const run = await app.reconciliation.start({ prefix: 'acme/', keysPerSecond: 0.001 })
  await app.close()
  t.equal(await endOf(run), 'ended early')
})
