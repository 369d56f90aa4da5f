import t from 'tap'
import { auditSums } from '../../../../db/usage/audit.js'
import { readStorageUsage } from '../../../../db/usage/storage-usage.js'
import { findPostgres, startLocalPostgres } from '../../../support/postgres-server.js'
import { member, startService } from '../../../support/service.js'

const programs = await findPostgres()

t.test('what changes in the embedded store while the database is down is counted once it is up again', {
  skip: programs === undefined && 'no PostgreSQL server is installed',
}, async (t) => {
  const postgres = await startLocalPostgres(programs ?? '', ['fsync=off'])
  t.teardown(async () => {
    await postgres.stop('immediate')
    await postgres.remove()
  })
  const { app, putFile, nextLine } = await startService(t, { DATABASE_URL: postgres.url })
  const removedKey = await putFile('12345')
  await app.bucketEvents.settled()

  await postgres.stop('immediate')
  const kept = nextLine(({ msg }) => msg.includes('are kept until they can'))
  for (let file = 0; file < 20; file++) await putFile('123')
  await app.minio.removeObject(app.storeTarget.bucket, removedKey)
  await kept
  const counted = nextLine(({ msg }) => msg.includes('are counted again'))
  await postgres.start()
  await counted
  t.match(await readStorageUsage(app.database, { orgKey: member.orgKey }), { totalBytes: 60, fileCount: 20 })
  t.strictSame(await auditSums(app.database), [])
})
