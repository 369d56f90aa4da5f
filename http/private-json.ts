/** On JSON for one caller alone: no shared cache keeps it, and the caller's own asks before it uses it again. */
export const privateJsonHeaders = { 'cache-control': 'private, no-cache', vary: 'authorization' } as const
