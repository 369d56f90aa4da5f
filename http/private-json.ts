/** On JSON for one caller alone: no shared cache keeps it, and the caller's own revalidates it before each use. */
export const privateJsonHeaders = { 'cache-control': 'private, no-cache', vary: 'authorization' } as const
