import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { auditSums } from '../../../db/usage/audit.js'
import { readStorageUsage } from '../../../db/usage/storage-usage.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { findPostgres } from '../../support/postgres-server.js'
import { member, startService } from '../../support/service.js'
import { openEmbeddedStore } from '../../support/stores.js'

const run = promisify(execFile)
const programs = await findPostgres()
const skip = testDatabaseUrl === undefined ? 'TEST_DATABASE_URL is not set' : programs === undefined && 'PostgreSQL is not installed'

t.test('a database that is restored from a backup is exact again after a reconcile, as docs/production.md says', { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const store = await openEmbeddedStore()
  t.teardown(() => store.close())
  const [lost, restored] = [await createServerDatabase(testDatabaseUrl ?? ''), await createServerDatabase(testDatabaseUrl ?? '')]
  t.teardown(() => Promise.all([lost.close(), restored.close()]))
  type App = Awaited<ReturnType<typeof startService>>['app']
  const reconcile = async (app: App) => { await (await app.reconciliation.start({ prefix: '' }))?.done }
  const usageOf = async (app: App) => {
    const { totalBytes, fileCount } = await readStorageUsage(app.database, { orgKey: member.orgKey })
    return { totalBytes, fileCount }
  }

  const before = await startService(t, { ...store.environment, DATABASE_URL: lost.url ?? '' })
  const { app, putFile } = before
  const [kept, gone, changed] = [await putFile('kept'), await putFile('gone'), await putFile('changed')]
  await reconcile(app)
  await run(join(programs ?? '', 'pg_dump'), ['--format=custom', `--file=${folder}/dump`, lost.url ?? ''])
  await app.minio.removeObject(app.storeTarget.bucket, gone)
  await putFile('changed since', { objectKey: changed })
  await putFile('new')
  await reconcile(app)
  const expected = await usageOf(app)
  t.strictSame(expected, { totalBytes: 4 + 13 + 3, fileCount: 3 })
  await app.close()

  await run(join(programs ?? '', 'pg_restore'), ['--clean', '--if-exists', `--dbname=${restored.url}`, `${folder}/dump`])
  const after = await startService(t, { ...store.environment, DATABASE_URL: restored.url ?? '' })
  t.strictSame(await usageOf(after.app), { totalBytes: 4 + 4 + 7, fileCount: 3 }, 'as it was')
  t.equal((await after.app.inject(after.downloadPath(kept))).statusCode, 302)
  await reconcile(after.app)
  t.strictSame(await usageOf(after.app), expected)
  t.strictSame(await auditSums(after.app.database), [])
})
