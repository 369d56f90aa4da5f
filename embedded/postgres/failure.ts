/** The embedded database cannot run here, and waiting will not change that; the message says why, in one line. */
export class EmbeddedDatabaseError extends Error {
  override name = 'EmbeddedDatabaseError'
  /** PostgreSQL's system_error: requests are answered as if the database were away. */
  readonly code = '58000'

  /** @param why a sentence without its full stop */
  constructor (why: string) {
    super(`The embedded database cannot run: ${why}. DATABASE_URL names a PostgreSQL server to use instead.`)
  }
}

/** The disk has no room for the embedded database to start. */
export class DiskFullError extends Error {
  override name = 'DiskFullError'
  /** PostgreSQL's disk_full. */
  readonly code = '53100'

  constructor () {
    super('The disk has no room for the embedded database to start.')
  }
}
