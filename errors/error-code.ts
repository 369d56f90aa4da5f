/** The code by which Node.js and libraries say what an error is, such as `ENOENT`; '' where there is none. */
export function errorCode (error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
