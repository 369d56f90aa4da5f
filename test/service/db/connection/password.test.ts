import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import t, { type Test } from 'tap'
import { createRdsPassword } from '../../../../db/connection/password.js'
import { connectPostgres } from '../../../../db/connection/pool.js'
import { isDatabaseUnavailable } from '../../../../db/connection/availability.js'
import { findPostgres, startLocalPostgres } from '../../../support/postgres-server.js'
import { member, startService } from '../../../support/service.js'
import { setAwsEnvironment } from '../../../support/session-issuer.js'

const programs = await findPostgres()
const skip = programs === undefined ? 'there is no PostgreSQL to start' : false

/** Starts a server that asks the role `asked` for a password, with a client as its superuser. */
async function startAsking (t: Pick<Test, 'teardown'>) {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-hba-'))
  const hba = join(folder, 'pg_hba.conf')
  await writeFile(hba, 'host all asked 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n', { mode: 0o644 })
  await chmod(folder, 0o755)
  const server = await startLocalPostgres(programs ?? '', [`hba_file=${hba}`])
  const superuser = new pg.Client({ connectionString: server.url })
  await superuser.connect()
  t.teardown(async () => {
    await superuser.end()
    await server.stop('immediate')
    await server.remove()
    await rm(folder, { recursive: true })
  })
  await superuser.query('create role asked login password \'first\'')
  await superuser.query('create database asked owner asked')
  const url = new URL(server.url)
  url.username = 'asked'
  url.password = ''
  url.pathname = '/asked'
  return {
    url: url.href,
    change: async (password: string) => { await superuser.query(`alter role asked password ${pg.escapeLiteral(password)}`) },
    endConnections: async () => {
      await superuser.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = \'asked\'')
    },
  }
}

t.test('every connection asks for its password, whatever the URL says', { skip }, async (t) => {
  const { url, change, endConnections } = await startAsking(t)
  const withOther = new URL(url)
  withOther.password = 'of-the-url'
  let password = 'first'
  let count = 0
  const broke: Error[] = []
  const ask = async () => {
    count++
    return password
  }
  const database = connectPostgres(withOther.href, (error) => { broke.push(error) }, { password: ask })
  t.teardown(() => database.destroy())
  await sql`select 1`.execute(database)
  password = 'second'
  await change(password)
  await sql`select 1`.execute(database)
  t.equal(count, 1, 'a connection that is there goes on')
  await endConnections()
  while (broke.length === 0) await new Promise(setImmediate)
  await sql`select 1`.execute(database)
  t.equal(count, 2)
})

t.test('the password is read again from its file, without a restart', { skip }, async (t) => {
  const { url, change, endConnections } = await startAsking(t)
  const path = join(t.testdir({ password: 'first\n' }), 'password')
  const service = await startService(t, { DATABASE_URL: url, DATABASE_PASSWORD_FILE: path })
  const usage = () => service.app.inject({ url: '/api/v1/objects/storage-usage', headers: service.authorise(member) })
  t.equal((await usage()).statusCode, 200)
  const readAgain = service.nextLine(({ msg }) => msg === 'secrets were read again from their files')
  await change('second')
  await writeFile(path, 'second\n')
  await readAgain
  const broke = service.nextLine(({ msg }) => msg === 'an idle connection to the database broke')
  await endConnections()
  await broke
  t.equal((await usage()).statusCode, 200)
})

t.test('a token of RDS is signed for the database and its user, and where that is not possible the database is away', async (t) => {
  setAwsEnvironment(t, { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'hidden', AWS_SESSION_TOKEN: 'session' })
  const password = await createRdsPassword('postgres://files%40home@db.x.eu-central-1.rds.amazonaws.com/objects')
  const token = new URL(`https://${await password()}`)
  t.equal(token.host, 'db.x.eu-central-1.rds.amazonaws.com:5432')
  t.match(Object.fromEntries(token.searchParams), {
    Action: 'connect',
    DBUser: 'files@home',
    'X-Amz-Expires': '900',
    'X-Amz-Credential': /^AKIA\/\d{8}\/eu-central-1\/rds-db\/aws4_request$/,
    'X-Amz-Security-Token': 'session',
    'X-Amz-Signature': /^[0-9a-f]{64}$/,
  })
  setAwsEnvironment(t, {})
  const none = await createRdsPassword('postgres://files@db.x.eu-central-1.rds.amazonaws.com/objects')
  const error = await t.rejects(async () => await none())
  t.ok(isDatabaseUnavailable(error))
  await t.rejects(createRdsPassword('postgres://host/objects'), /DATABASE_AUTH: aws-iam needs the user/)
})
