import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import t from 'tap'
import { type PostgresOptions, type Route, connectPostgres } from '../../../../db/connection/pool.js'
import { describeStartFailure } from '../../../../startup/failure.js'
import { openCertificates } from '../../../support/certificates.js'
import { onServer } from '../../../support/on-server.js'
import { findPostgres, startLocalPostgres } from '../../../support/postgres-server.js'
import { startService } from '../../../support/service.js'

const programs = await findPostgres()
const skip = programs === undefined ? 'PostgreSQL is not installed' : !existsSync('/usr/bin/openssl') && 'OpenSSL is not installed'

t.test('parameters about TLS mean what they mean to libpq', { skip }, async (t) => {
  const certificates = await openCertificates()
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-tls-'))
  const ca = await certificates.makeAuthority('trusted')
  const other = await certificates.makeAuthority('other')
  const server = await certificates.sign(ca, 'database', 'DNS:localhost')
  const client = await certificates.sign(ca, 'certified')
  const rules = join(folder, 'rules.conf')
  await writeFile(rules, `
hostnossl all tls_only all reject
hostssl all plain_only all reject
hostssl all certified all cert
host all all all trust
`)
  const place = (name: string) => join(folder, name)
  await copyFile(server.key, place('server.key'))
  await copyFile(server.certificate, place('server.pem'))
  await copyFile(ca.certificate, place('ca.pem'))
  if (process.getuid?.() === 0) await promisify(execFile)('chown', ['-R', 'postgres', folder])
  const encrypted = await startLocalPostgres(programs ?? '', [
    'ssl=on', `ssl_key_file=${place('server.key')}`, `ssl_cert_file=${place('server.pem')}`, `ssl_ca_file=${place('ca.pem')}`,
    `hba_file=${rules}`,
  ])
  const plain = await startLocalPostgres(programs ?? '')
  for (const role of ['tls_only', 'plain_only', 'certified']) await onServer(encrypted.url, `create role ${role} login`)
  t.teardown(async () => {
    for (const { stop, remove } of [encrypted, plain]) {
      await stop('immediate')
      await remove()
    }
    await certificates.remove()
    await rm(folder, { recursive: true })
  })

  const urlOf = (at: string, { role = 'postgres', host = '127.0.0.1', query = '' }: { role?: string, host?: string, query?: string }) => {
    const url = new URL(at)
    Object.assign(url, { username: role, hostname: host, search: query })
    return url.href
  }
  /** Whether a connection is encrypted, or why there is none. */
  const attempt = async (url: string, options: PostgresOptions = {}) => {
    const database = connectPostgres(url, () => {}, options)
    try {
      const { rows: [row] } = await sql<{ ssl: boolean }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(database)
      return row?.ssl === true ? 'TLS' : 'plain'
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : String(error)
    } finally {
      await database.destroy()
    }
  }
  const localhost = { host: 'localhost' }
  const WITHOUT_TLS = 'Error: The server does not support SSL connections'
  const UNKNOWN_CA = 'SELF_SIGNED_CERT_IN_CHAIN'
  const WRONG_HOST = 'ERR_TLS_CERT_ALTNAME_INVALID'
  const REFUSED = '28000'

  const onEncrypted: Array<[string, Parameters<typeof urlOf>[1], string]> = [
    ['', {}, 'plain'],
    ['', { role: 'tls_only' }, 'TLS'],
    ['sslmode=disable', {}, 'plain'],
    ['sslmode=disable', { role: 'tls_only' }, REFUSED],
    ['sslmode=allow', {}, 'plain'],
    ['sslmode=allow', { role: 'tls_only' }, 'TLS'],
    ['sslmode=prefer', {}, 'TLS'],
    ['sslmode=prefer', { role: 'plain_only' }, 'plain'],
    ['sslmode=require', {}, 'TLS'],
    ['sslmode=require', { role: 'plain_only' }, REFUSED],
    [`sslmode=require&sslrootcert=${ca.certificate}`, {}, 'TLS'],
    [`sslmode=require&sslrootcert=${other.certificate}`, {}, UNKNOWN_CA],
    [`sslmode=no-verify&sslrootcert=${other.certificate}`, {}, 'TLS'],
    [`sslmode=prefer&sslrootcert=${other.certificate}`, {}, 'plain'],
    ['sslmode=verify-ca', {}, UNKNOWN_CA],
    [`sslmode=verify-ca&sslrootcert=${ca.certificate}`, {}, 'TLS'],
    [`sslmode=verify-ca&sslrootcert=${other.certificate}`, {}, UNKNOWN_CA],
    ['sslmode=verify-full', localhost, UNKNOWN_CA],
    ['sslmode=verify-full&sslrootcert=system', localhost, UNKNOWN_CA],
    [`sslmode=verify-full&sslrootcert=${ca.certificate}`, localhost, 'TLS'],
    [`sslmode=verify-full&sslrootcert=${ca.certificate}`, {}, WRONG_HOST],
    [`sslrootcert=${ca.certificate}`, localhost, 'TLS'],
    [`sslrootcert=${ca.certificate}`, {}, WRONG_HOST],
    ['ssl=true', localhost, UNKNOWN_CA],
    ['sslmode=require', { role: 'certified' }, REFUSED],
    [`sslmode=require&sslcert=${client.certificate}&sslkey=${client.key}`, { role: 'certified' }, 'TLS'],
    ['sslmode=require&ssl_min_protocol_version=TLSv1.3', {}, 'TLS'],
  ]
  for (const [query, where, expected] of onEncrypted) {
    const named = query.replaceAll(/=[^&]*\/(\d+)\.(pem|key)/g, '=$1')
    t.equal(await attempt(urlOf(encrypted.url, { ...where, query })), expected, `${named} as ${where.role ?? 'postgres'} at ${where.host ?? 'an address'}`)
  }
  for (const [query, expected] of [
    ['', 'plain'], ['sslmode=allow', 'plain'], ['sslmode=prefer', 'plain'], ['sslmode=require', WITHOUT_TLS],
    [`sslmode=verify-full&sslrootcert=${ca.certificate}`, WITHOUT_TLS],
  ] as const) {
    t.equal(await attempt(urlOf(plain.url, { query })), expected, `${query} without TLS`)
  }
  t.equal(await attempt(urlOf(encrypted.url, localhost), { caFile: ca.certificate }), 'TLS', 'a CA alone means verify-full')
  t.equal(await attempt(urlOf(encrypted.url, {}), { caFile: ca.certificate }), WRONG_HOST)
  t.equal(await attempt(urlOf(encrypted.url, { query: 'sslmode=verify-ca' }), { caFile: ca.certificate }), 'TLS')
  t.equal(await attempt(urlOf(encrypted.url, { query: `sslmode=verify-ca&sslrootcert=${ca.certificate}` }), { caFile: other.certificate }),
    'TLS', 'the URL comes first')

  t.test('what a connection came to is told', async (t) => {
    for (const [query, expected] of [
      ['sslmode=disable', { isPooled: false, tlsVersion: undefined, isVerified: false }],
      ['sslmode=require', { isPooled: false, tlsVersion: 'TLSv1.3', isVerified: false }],
      [`sslmode=verify-ca&sslrootcert=${ca.certificate}`, { isPooled: false, tlsVersion: 'TLSv1.3', isVerified: true }],
    ] as const) {
      const routes: Route[] = []
      await attempt(urlOf(encrypted.url, { query }), { onConnected: (route) => { routes.push(route) } })
      t.strictSame(routes, [expected])
    }
  })

  t.test('sixty at once find the way in', async (t) => {
    for (const [at, query, role, expected] of [
      [plain, 'sslmode=prefer', 'postgres', false], [encrypted, 'sslmode=allow', 'tls_only', true],
    ] as const) {
      const database = connectPostgres(urlOf(at.url, { query, role }), () => {})
      const found = await Promise.all(Array.from({ length: 60 }, async () =>
        (await sql<{ ssl: boolean }>`select ssl, pg_sleep(0.01) from pg_stat_ssl where pid = pg_backend_pid()`.execute(database)).rows[0]?.ssl))
      t.strictSame([...new Set(found)], [expected])
      await database.destroy()
    }
  })

  t.test('a CA that is renewed in its file is that of the next connection, and one that is gone stays', async (t) => {
    const file = place('renewed.pem')
    await copyFile(ca.certificate, file)
    const database = connectPostgres(urlOf(encrypted.url, { query: `sslmode=verify-ca&sslrootcert=${file}` }), () => {})
    t.teardown(() => database.destroy())
    const reconnect = async () => {
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(database).catch(() => {})
      return await sql`select 1`.execute(database).then(() => 'connected', (error: Error) => error.message)
    }
    t.equal(await reconnect(), 'connected')
    await rm(file)
    t.equal(await reconnect(), 'connected')
    await copyFile(other.certificate, file)
    t.not(await reconnect(), 'connected')
  })

  t.test('a value that cannot be right ends the start with one line that names the setting', async (t) => {
    const lineOf = async (environment: Record<string, string>) => {
      const failure: unknown = await startService(t, environment).then(() => undefined, (error: unknown) => error)
      return describeStartFailure(failure)
    }
    const url = urlOf(encrypted.url, {})
    t.match(await lineOf({ DATABASE_URL: urlOf(encrypted.url, localhost), DATABASE_CA: other.certificate }),
      /^DATABASE_URL: There is no TLS connection to the database: self-signed certificate in certificate chain\. DATABASE_CA, or sslrootcert in its URL, .*\.$/)
    t.match(await lineOf({ DATABASE_URL: url, DATABASE_CA: ca.certificate }),
      /^DATABASE_URL: The database's certificate is of another host than its URL names: .*127\.0\.0\.1.* sslmode=verify-ca does not compare them\.$/)
    t.equal(await lineOf({ DATABASE_URL: urlOf(plain.url, { query: 'sslmode=require' }) }),
      'DATABASE_URL: The server speaks no TLS, which sslmode in its URL asks for.')
    t.equal(await lineOf({ DATABASE_URL: url, DATABASE_CA: '/no/such/ca.pem' }), 'DATABASE_CA cannot be read: ENOENT, /no/such/ca.pem.')
    t.equal(await lineOf({ DATABASE_URL: url, DATABASE_CA: rules }), `DATABASE_CA is not in PEM form: ${rules}.`)
    t.equal(await lineOf({ DATABASE_URL: `${url}?sslmode=full` }),
      'DATABASE_URL: sslmode must be one of: disable, allow, prefer, require, no-verify, verify-ca, verify-full.')
    t.match(await lineOf({ DATABASE_URL: `${url}?sslmode=require&sslrootcert=system` }), /^DATABASE_URL: sslrootcert=system needs sslmode=verify-full/)
  })
})
