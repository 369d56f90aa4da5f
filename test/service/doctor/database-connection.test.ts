import { randomUUID } from 'node:crypto'
import t from 'tap'
import { examineDatabaseConnection } from '../../../doctor/database-connection.js'
import { testDatabaseUrl } from '../../support/database.js'
import { onServer } from '../../support/on-server.js'
import { startPgBouncer, withoutPgBouncer } from '../../support/pgbouncer.js'
import { startService } from '../../support/service.js'

const skip = testDatabaseUrl === undefined ? 'TEST_DATABASE_URL is not set' : withoutPgBouncer

t.test('how the database is reached is told', { skip }, async (t) => {
  const serverUrl = testDatabaseUrl ?? ''
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const role = `role_${randomUUID().replaceAll('-', '')}`
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  await onServer(serverUrl, `create database ${name}`)
  await onServer(serverUrl, `create role ${role} login password '${url.password}'`)
  t.teardown(async () => {
    await onServer(serverUrl, `drop database ${name} with (force)`)
    await onServer(serverUrl, `drop role ${role}`)
  })
  await onServer(url.href, `create schema files authorization ${role}`)
  url.username = role
  url.search = '?schema=files'
  const shared = await startPgBouncer(url.href)
  const kept = await startPgBouncer(url.href, { mode: 'session' })

  const findingsOf = async (databaseUrl: string, environment: Record<string, string> = {}) => {
    const { app } = await startService(t, { DATABASE_URL: databaseUrl, ...environment })
    const findings: Record<string, string> = {}
    for await (const { check, status, message } of examineDatabaseConnection(app)) findings[check] = `${status}: ${message}`
    await app.close()
    return findings
  }
  t.match(await findingsOf(url.href), {
    'database-sessions': /^ok: The connection is direct/,
    'database-encryption': /^ok: The connection is not encrypted, and stays on this machine/,
    'database-role': `ok: The role is ${role}, and the tables are in the schema files. It may create and change tables there`,
  })
  t.match(await findingsOf(shared.url), { 'database-sessions': /^ok: A pooler shares sessions/ })
  t.match(await findingsOf(kept.url), { 'database-sessions': /^ok: A pooler or a proxy is in between. No session was seen to be shared/ })
  t.match(await findingsOf(kept.url, { DATABASE_POOLER: 'none' }), { 'database-sessions': /^ok: The connection is direct, or keeps/ })
  t.match(await findingsOf(url.href, { DATABASE_POOLER: 'transaction' }), { 'database-sessions': /^ok: DATABASE_POOLER is transaction/ })
  t.match(await findingsOf(shared.url, { DATABASE_POOLER: 'none' }), { 'database-sessions': /^failed: .*Leave it at auto/ })
  await Promise.all([shared.stop(), kept.stop()])

  await onServer(url.href.replace(role, new URL(serverUrl).username), `revoke create on schema files from ${role}`)
  t.match(await findingsOf(url.href), { 'database-role': /^warning: .* may not create and change tables there/ })
})
