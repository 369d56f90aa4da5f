import t from 'tap'
import {
  DatabaseRefusalError, PasswordUnavailableError, describeDatabaseFailure, isDatabaseRefusal, isDatabaseUnavailable,
  isTlsFailure,
} from '../../../../db/connection/availability.js'

const failure = (code: string, message = 'x') => Object.assign(new Error(message), { code })

t.test('a database that cannot work now is told from one that was asked something wrong', async (t) => {
  for (const code of [
    '08006', '53300', '57P03', '58030', 'XX000', 'F0000', '25006', '25P03', '25P04', '28P01', '3D000', '40001', '40P01', '55P03', 'ECONNREFUSED', 'ENOENT',
    'ETIMEDOUT', 'ERR_TLS_CERT_ALTNAME_INVALID', 'SELF_SIGNED_CERT_IN_CHAIN',
  ]) {
    t.equal(isDatabaseUnavailable(failure(code)), true, code)
    t.equal(isDatabaseUnavailable(new Error('y', { cause: failure(code) })), true, code)
    t.equal(isDatabaseUnavailable(new AggregateError([new Error('y'), failure(code)])), true, code)
  }
  for (const message of [
    'Connection terminated unexpectedly', 'timeout exceeded when trying to connect', 'Query read timeout',
    'Client has encountered a connection error and is not queryable', 'Cannot use a pool after calling end on the pool',
  ]) t.equal(isDatabaseUnavailable(new Error(message)), true, message)
  t.equal(isDatabaseUnavailable(new PasswordUnavailableError('x')), true)
  for (const error of [
    failure('23505'), failure('42P01'), failure('22003'), failure('25P02'), failure('40002'), failure('EACCES'), new Error('a Query read timeout'),
    new TypeError('x'), new AggregateError([new Error('y')]), 'ECONNREFUSED', undefined, { code: '08006' },
  ]) t.equal(isDatabaseUnavailable(error), false, String(error))
})

t.test('a refusal is of the role, the password, the database or its TLS', async (t) => {
  for (const code of ['28000', '28P01', '3D000', 'CERT_HAS_EXPIRED']) t.equal(isDatabaseRefusal(failure(code)), true, code)
  for (const code of ['08006', '57P03', '53300', '42501', '42280', 'ECONNREFUSED']) t.equal(isDatabaseRefusal(failure(code)), false, code)
  t.equal(isTlsFailure(new Error('The server does not support SSL connections')), true)
  t.equal(isTlsFailure(failure('ECONNRESET')), false)
})

t.test('a failure is described by what can be done about it', async (t) => {
  for (const [error, text] of [
    [failure('ECONNREFUSED', 'refused'), /^The database does not answer: refused\.$/],
    [failure('28P01', 'wrong password'), /^The database refuses: wrong password\.$/],
    [failure('23505', 'duplicate'), /^The database refuses: duplicate\.$/],
    [failure('42501', 'no schema'), /^The database refuses: no schema\. Name a schema that the role owns, as in DATABASE_URL=/],
    [failure('3F000', 'no schema'), /Name a schema/],
    [new Error('The server does not support SSL connections'), /^The server speaks no TLS, which sslmode in its URL asks for\.$/],
    [failure('ERR_TLS_CERT_ALTNAME_INVALID', 'other host.'), /^The database's certificate is of another host .*: other host\. sslmode=verify-ca/],
    [failure('CERT_HAS_EXPIRED', 'expired'), /^There is no TLS connection to the database: expired\. DATABASE_CA, or sslrootcert/],
    [new Error(''), /^The database refuses: no connection\.$/],
  ] as const) t.match(describeDatabaseFailure(error), text)
  const cause = failure('28P01', 'wrong password')
  const error = new DatabaseRefusalError(cause)
  t.match(error, { name: 'DatabaseRefusalError', message: 'DATABASE_URL: The database refuses: wrong password.' })
  t.equal(error.cause, cause)
})
