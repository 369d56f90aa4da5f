import { importOptional } from '../../errors/missing-package.js'

/**
 * Loads the embedded database, by far the biggest part, which a service with a PostgreSQL server does without.
 *
 * @throws {MissingPackageError}
 */
export async function loadEmbeddedPostgres () {
  return await importOptional('@electric-sql/pglite', 'Without DATABASE_URL, the service', () => import('./pool.js'))
}
