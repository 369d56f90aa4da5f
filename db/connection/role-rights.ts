import { type Kysely, sql } from 'kysely'
import type { Database } from './tables.js'

/** What the service may do in the database. */
export interface RoleRights {
  role: string
  isSuperuser: boolean
  /** The schema of the tables. */
  schema: string
  /** Whether it may migrate the tables to a newer schema: it owns them, and may create others in their schema. */
  mayMigrate: boolean
}

/** Asks the database which role the service has there, and what it may do. */
export async function readRoleRights (database: Kysely<Database>): Promise<RoleRights> {
  const { rows: [found] } = await sql<{ role: string, is_superuser: boolean, schema: string, may_migrate: boolean }>`
    select
      current_user::text as role,
      (select rolsuper from pg_roles where rolname = current_user) as is_superuser,
      nspname::text as schema,
      has_schema_privilege(pg_namespace.oid, 'CREATE') and pg_has_role(relowner, 'USAGE') as may_migrate
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where pg_class.oid = to_regclass('objects')`.execute(database)
  if (found === undefined) throw new Error('The database has no table of files.')
  return { role: found.role, isSuperuser: found.is_superuser, schema: found.schema, mayMigrate: found.may_migrate }
}
