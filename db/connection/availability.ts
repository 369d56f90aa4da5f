import { errorCode } from '../../errors/error-code.js'

// Class 08: connection exception; 53100: disk full; 53300: too many connections; 57P01 to 57P05: shutting down, starting up,
// session ended; 57014: the statement timeout; 25P03: transaction idle too long (PostgreSQL, Appendix A, "Error Codes").
const unavailableSqlState = /^(08...|53100|53300|57P0[1-5]|57014|25P03)$/
const systemErrors = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT',
])
// node-postgres gives its own failures no code: pg/lib/client.js and pg-pool/index.js.
const driverMessage = /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Cannot use a pool after calling end)/

/** Whether an error says that the database does not answer, rather than that it was asked something wrong. */
export function isDatabaseUnavailable (error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof AggregateError && error.errors.some(isDatabaseUnavailable)) return true
  const code = errorCode(error)
  return unavailableSqlState.test(code) || systemErrors.has(code) || driverMessage.test(error.message) ||
    isDatabaseUnavailable(error.cause)
}
