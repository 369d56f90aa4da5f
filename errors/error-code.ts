/** The code that Node.js and libraries give an error, such as `ENOENT`; '' if it has none. */
export function errorCode (error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
