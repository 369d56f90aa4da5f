import type { FastifyInstance } from 'fastify'
import { isLocalDatabase } from '../db/connection/database-address.js'
import type { Route } from '../db/connection/pool.js'
import { readRoleRights } from '../db/connection/role-rights.js'
import { seesSharedSessions } from '../db/connection/session-sharing.js'
import { type Finding, failed, ok, warning } from './finding.js'

/**
 * Reports how a database that answers is reached: through what, whether anyone could eavesdrop, and as which role. Yields
 * nothing for an embedded one.
 */
export async function * examineDatabaseConnection (app: FastifyInstance): AsyncGenerator<Finding, undefined> {
  const { database, config: { DATABASE_URL, DATABASE_POOLER } } = app
  const route = app.databaseRoute()
  if (DATABASE_URL === undefined || route === undefined) return
  yield describeSessions(route, DATABASE_POOLER, await seesSharedSessions(database))
  yield describeEncryption(route, isLocalDatabase(DATABASE_URL))
  const { role, isSuperuser, schema, mayMigrate } = await readRoleRights(database)
  const who = `The role is ${role}, and the tables are in the schema ${schema}`
  if (isSuperuser) yield warning('database-role', `${who}. It is a superuser: a role that owns this schema is enough.`)
  else if (mayMigrate) yield ok('database-role', `${who}. It may create and change tables there, as updates do.`)
  else yield warning('database-role', `${who}. It may not create and change tables there: updates need a role that may, for npm run migrate.`)
}

function describeSessions ({ isPooled }: Route, pooler: string, areShared: boolean): Finding {
  const check = 'database-sessions'
  if (areShared && !isPooled) {
    return failed(check, 'A pooler shares sessions between clients, and DATABASE_POOLER is none: prepared statements fail. Leave it at auto.')
  }
  if (areShared) return ok(check, 'A pooler shares sessions between clients, as in transaction mode: the service keeps nothing in them.')
  if (!isPooled) return ok(check, 'The connection is direct, or keeps its session: statements are prepared.')
  return pooler === 'transaction'
    ? ok(check, 'DATABASE_POOLER is transaction: nothing is kept in a session, although none was seen to be shared.')
    : ok(check, 'A pooler or a proxy is in between. No session was seen to be shared, as in session mode, but none is relied on: ' +
      'DATABASE_POOLER=none lets statements be prepared if sessions are certain to be kept.')
}

function describeEncryption ({ tlsVersion, isVerified }: Route, isLocal: boolean): Finding {
  const check = 'database-encryption'
  if (tlsVersion === undefined) {
    return isLocal
      ? ok(check, 'The connection is not encrypted, and stays on this machine.')
      : warning(check, 'The connection is not encrypted: add sslmode=verify-full to DATABASE_URL, and name its CA in ' +
        'DATABASE_CA.')
  }
  return isVerified
    ? ok(check, `The connection is encrypted (${tlsVersion}), and the certificate comes from a trusted CA.`)
    : warning(check, `The connection is encrypted (${tlsVersion}), but nobody checks whose certificate it is: name its CA in DATABASE_CA.`)
}
