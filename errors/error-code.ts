/** The code by which Node.js and libraries say what an error is, such as `ENOENT`; '' where it has none. */
export function errorCode (error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
