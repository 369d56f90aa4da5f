import { errorCode } from '../../errors/error-code.js'
import { sqlState } from './sql-state.js'

/*
 * What PostgreSQL says while the database cannot do its work, whatever it is asked (Appendix A, "Error Codes"): 08 connection
 * exception, 53 insufficient resources, 57 cancelled, shutting down or starting up, 58 system error, XX internal error, F0
 * broken configuration; 25006 read-only, as a standby is; 25P03 and 25P04 transaction took too long; 28 and 3D000 role or
 * database unknown, or no longer known; 40001 and 40P01 kept being rolled back in favour of others; 55P03 waited too long for a
 * lock.
 */
const unavailableSqlState = /^(08|53|57|58|XX|F0|25006|25P0[34]|28|3D000|40001|40P01|55P03)/
const refusalSqlState = /^(28|3D000)/
// There is no schema, or none in which the role may create tables.
const schemaSqlState = /^(3F000|42501)/
// How OpenSSL and Node.js name what is wrong with a certificate, or with the server's TLS.
const tlsCode = /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|HOSTNAME_MISMATCH|ERR_TLS_|ERR_SSL_)/
const systemErrors = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT',
])
// node-postgres gives its own failures no code: pg/lib/client.js, pg/lib/connection.js and pg-pool/index.js.
const driverMessage = /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Cannot use a pool after calling end)/

const withoutTlsMessage = /^The server does not support SSL connections/

/** The database that DATABASE_URL names does not admit this service, and waiting will not change that. */
export class DatabaseRefusalError extends Error {
  override name = 'DatabaseRefusalError'

  constructor (cause: unknown) {
    super(`DATABASE_URL: ${describeDatabaseFailure(cause)}`, { cause })
  }
}

/** No password could be obtained for a connection to the database; the next attempt may succeed. */
export class PasswordUnavailableError extends Error {
  override name = 'PasswordUnavailableError'
}

/** Whether an error says that the database cannot do its work now, as opposed to having been asked something wrong. */
export function isDatabaseUnavailable (error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof AggregateError && error.errors.some(isDatabaseUnavailable)) return true
  const code = errorCode(error)
  return unavailableSqlState.test(sqlState(error)) || systemErrors.has(code) || driverMessage.test(error.message) ||
    isTlsFailure(error) || error instanceof PasswordUnavailableError || isDatabaseUnavailable(error.cause)
}

/**
 * Whether an error says that the server does not admit this service: the URL names a wrong role, password or database, or its
 * TLS parameters do not suit the server.
 */
export function isDatabaseRefusal (error: unknown): boolean {
  return refusalSqlState.test(sqlState(error)) || isTlsFailure(error)
}

/** A database failure as a sentence for an operator. A refusal may quote the parameters of its statement. */
export function describeDatabaseFailure (error: unknown): string {
  const message = error instanceof Error && error.message !== '' ? error.message : 'no connection'
  if (isTlsFailure(error)) return describeTlsFailure(errorCode(error), message)
  if (schemaSqlState.test(sqlState(error))) {
    return `The database refuses: ${message}. Name a schema that the role owns, as in DATABASE_URL=postgres://…/database?schema=name.`
  }
  return isDatabaseUnavailable(error) && !isDatabaseRefusal(error)
    ? `The database does not answer: ${message}.`
    : `The database refuses: ${message}.`
}

function describeTlsFailure (code: string, message: string): string {
  if (withoutTlsMessage.test(message)) return 'The server speaks no TLS, which sslmode in its URL asks for.'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `The database's certificate is of another host than its URL names: ${message} sslmode=verify-ca does not compare them.`
  }
  return `There is no TLS connection to the database: ${message}. ` +
    'DATABASE_CA, or sslrootcert in its URL, is the file of the certificates that are trusted; sslmode says what is verified.'
}

/** Whether an error says that there is no TLS connection to the server, or no trusted one. */
export function isTlsFailure (error: unknown): boolean {
  return error instanceof Error && (tlsCode.test(errorCode(error)) || withoutTlsMessage.test(error.message))
}
