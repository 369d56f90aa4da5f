import pg from 'pg'

/** The right to be the only one at work on a part of the bucket. */
export interface RunLock {
  /** Aborted when the right was lost: another may be at work now. */
  lost: AbortSignal
  release (): Promise<void>
}

/**
 * Takes the lock of one organisation, or of all of them. A lock of all excludes every other one.
 *
 * @param orgKey undefined for all organisations
 * @returns undefined where somebody else has one that excludes it
 */
export type TakeRunLock = (orgKey: string | undefined) => Promise<RunLock | undefined>

// An advisory lock is named by two numbers of 32 bits: this one stands for reconciling, the second for the organisation.
const LOCK_CLASS = 0x6f626a73
const CONNECT_TIMEOUT_MS = 3_000
const QUERY_TIMEOUT_MS = 12_000

/**
 * Makes locks between all processes that use a database: PostgreSQL's advisory locks (PostgreSQL, 13.3.5), each held by a
 * connection of its own, so that a process that is killed lets go of it.
 */
export function createServerRunLocks (connectionString: string): TakeRunLock {
  return async (orgKey) => {
    const lost = new AbortController()
    const client = new pg.Client({
      connectionString,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'objects-storage-reconcile',
    })
    client.on('error', () => { lost.abort(new Error('The connection that held the lock broke.')) })
    await client.connect()
    try {
      const { rows } = orgKey === undefined
        ? await client.query('select pg_try_advisory_lock($1, 0) as taken', [LOCK_CLASS])
        // The same name for two organisations would only make one wait for the other.
        : await client.query(
          'select pg_try_advisory_lock_shared($1, 0) and pg_try_advisory_lock($1, hashtext($2)) as taken', [LOCK_CLASS, orgKey])
      if (rows[0]?.taken === true) return { lost: lost.signal, release: () => client.end() }
    } catch (error) {
      await client.end()
      throw error
    }
    await client.end()
    return undefined
  }
}

/** Makes locks within this process, for a database that no other one can use. */
export function createLocalRunLocks (): TakeRunLock {
  const held = new Set<string | undefined>()
  return async (orgKey) => {
    if (held.has(undefined) || held.has(orgKey) || (orgKey === undefined && held.size > 0)) return undefined
    held.add(orgKey)
    return { lost: new AbortController().signal, release: async () => { held.delete(orgKey) } }
  }
}
