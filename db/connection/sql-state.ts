/** The five characters by which PostgreSQL says what went wrong (Appendix A, "Error Codes"); '' for any other error. */
export function sqlState (error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : ''
}
