import { errorCode } from '../../errors/error-code.js'

/** The five-character code by which PostgreSQL says what went wrong (Appendix A, "Error Codes"); '' for any other error. */
export function sqlState (error: unknown): string {
  const code = errorCode(error)
  return /^[0-9A-Z]{5}$/.test(code) ? code : ''
}
