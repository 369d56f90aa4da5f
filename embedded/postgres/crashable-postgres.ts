import { PGlite, messages } from '@electric-sql/pglite'

/**
 * PostgreSQL in this process that may end itself, as it does where its write-ahead log does not fit on the disk, and is asked
 * nothing more after that: PGlite would never return, and keep this process from all else (seen with 0.5.16, which sends a
 * further message after every one that fails).
 */
export class CrashablePostgres extends PGlite {
  /** Why it ended itself, once it has. */
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

  /** Closes what it has open, where it could not do so itself. */
  closeFiles (): void {
    // Of one that did not start there is nothing, other than the types say; and some of the files are gaps.
    for (const stream of this.Module?.FS?.streams ?? []) {
      try {
        if (stream) this.Module.FS.close(stream)
      } catch {
        // Standard streams have nothing to close.
      }
    }
  }
}

/** FATAL ends a session, of which there is one, and PANIC all of PostgreSQL. */
function isCrash (error: unknown): boolean {
  if (error instanceof messages.DatabaseError) return error.severity === 'FATAL' || error.severity === 'PANIC'
  return error instanceof Error && error.name === 'RuntimeError'
}
