import { PGlite, messages } from '@electric-sql/pglite'

/**
 * An in-process PostgreSQL that may terminate itself, as it does if its write-ahead log does not fit on the disk, and is asked
 * nothing more after that: PGlite would never return, and block the whole process (seen with 0.5.16, which sends a further
 * message after every one that fails).
 */
export class CrashablePostgres extends PGlite {
  /** Why it terminated itself, once it has. */
  crash: unknown

  override async execProtocolStream (
    ...[message, options]: Parameters<PGlite['execProtocolStream']>
  ): ReturnType<PGlite['execProtocolStream']> {
    if (this.crash !== undefined) throw this.crash
    try {
      return await super.execProtocolStream(message, options)
    } catch (error) {
      if (isCrash(error)) this.crash = error
      throw error
    }
  }

  /** Closes the files it has open, if it could not do so itself. */
  closeFiles (): void {
    // If it did not start there are none, whatever the types say; and the list of files may have gaps.
    for (const stream of this.Module?.FS?.streams ?? []) {
      try {
        if (stream) this.Module.FS.close(stream)
      } catch {
        // Standard streams have nothing to close.
      }
    }
  }
}

/** FATAL ends a session, of which there is only one, and PANIC ends all of PostgreSQL. */
function isCrash (error: unknown): boolean {
  if (error instanceof messages.DatabaseError) return error.severity === 'FATAL' || error.severity === 'PANIC'
  return error instanceof Error && error.name === 'RuntimeError'
}
