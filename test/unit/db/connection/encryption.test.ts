import t from 'tap'
import { parseDatabaseUrl } from '../../../../db/connection/database-address.js'
import { DatabaseSettingError, Encryption } from '../../../../db/connection/encryption.js'

const of = (query: string, host = 'db.example') => new Encryption(parseDatabaseUrl(`postgres://${host}/x?${query}`))
/** Whether TLS is used, and whom it trusts, at first and after that was refused. */
const waysOf = (query: string) => {
  const encryption = of(query)
  const describe = () => {
    const ssl = encryption.next()
    return ssl === false ? 'plain' : ssl.rejectUnauthorized === true ? 'verified' : 'encrypted'
  }
  const first = describe()
  return encryption.fallBack(Object.assign(new Error('refused'), { code: '28000' }), false) ? [first, describe()] : [first]
}

t.test('each mode of libpq, and each word of node-postgres, has its ways', async (t) => {
  for (const [query, ...ways] of [
    ['', 'plain', 'encrypted'], ['sslmode=disable', 'plain'], ['sslmode=allow', 'plain', 'encrypted'], ['sslmode=prefer', 'encrypted', 'plain'],
    ['sslmode=require', 'encrypted'], ['sslmode=no-verify', 'encrypted'], ['sslmode=verify-ca', 'verified'], ['sslmode=verify-full', 'verified'],
    ['ssl=true', 'verified'], ['ssl=1', 'verified'], ['ssl=false', 'plain'], ['ssl=0', 'plain'], ['ssl=no-verify', 'encrypted'],
    ['ssl=true&sslmode=disable', 'plain'], ['ssl=other', 'plain', 'encrypted'], ['sslrootcert=system', 'verified'],
  ] as const) t.strictSame(waysOf(query), ways, query)
  t.equal(of('sslmode=verify-full', '%2Ftmp').next(), false, 'nothing is encrypted on a socket')
})

t.test('what cannot be is refused in one line', async (t) => {
  for (const [query, message] of [
    ['sslmode=never', 'DATABASE_URL: sslmode must be one of: disable, allow, prefer, require, no-verify, verify-ca, verify-full.'],
    ['ssl_min_protocol_version=SSLv3', 'DATABASE_URL: ssl_min_protocol_version must be one of: TLSv1, TLSv1.1, TLSv1.2, TLSv1.3.'],
    ['sslrootcert=system&sslmode=require',
      'DATABASE_URL: sslrootcert=system needs sslmode=verify-full, not require: anybody may have a public certificate.'],
    ['sslmode=require&sslkey=/none', 'DATABASE_URL: sslkey cannot be read: ENOENT, /none.'],
    [`sslmode=require&sslcert=${import.meta.filename}`, `DATABASE_URL: sslcert is not in PEM form: ${import.meta.filename}.`],
  ] as const) t.throws(() => of(query), new DatabaseSettingError(message))
  for (const version of ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']) {
    t.match(of(`sslmode=require&ssl_min_protocol_version=${version}&sslpassword=p`).next(), { minVersion: version, passphrase: 'p' })
  }
})

t.test('the other way is tried only where encryption may be why, and forgotten once neither works', async (t) => {
  const encryption = of('sslmode=prefer')
  for (const code of ['28P01', '3D000', '53300', '57P03', 'ECONNREFUSED']) {
    t.equal(encryption.fallBack(Object.assign(new Error('x'), { code }), false), false, code)
  }
  t.equal(encryption.isSecond, false)
  t.equal(encryption.fallBack(new Error('The server does not support SSL connections'), false), true)
  t.strictSame([encryption.isSecond, encryption.next()], [true, false])
  t.equal(encryption.fallBack(Object.assign(new Error('x'), { code: '28000' }), false), true, 'another attempt, begun before')
  t.equal(encryption.isSecond, true)
  t.equal(encryption.fallBack(Object.assign(new Error('x'), { code: '28000' }), true), true)
  t.equal(encryption.isSecond, false)
  encryption.fallBack(new Error('The server does not support SSL connections'), false)
  encryption.reset()
  t.equal(encryption.isSecond, false)
})
