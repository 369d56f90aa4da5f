import type { FastifyInstance } from 'fastify'
import { describeDatabaseFailure } from '../db/connection/availability.js'
import { readServerState } from '../db/connection/server-state.js'
import { type Finding, failed, ok, warning } from './finding.js'

const SKEW_WARNING_MS = 5_000

/** Checks whether the database answers, has the schema, and agrees on the time. */
export async function examineDatabase ({ database }: FastifyInstance): Promise<Finding> {
  try {
    const { now, migrationCount } = await readServerState(database)
    const skewMs = Math.abs(now.getTime() - Date.now())
    if (skewMs > SKEW_WARNING_MS) {
      return warning('database', `It answers, but its clock differs from this machine's by ${Math.round(skewMs / 1000)} s: synchronise both with NTP.`)
    }
    return ok('database', `It answers, and its schema is up to date (${migrationCount} migrations).`)
  } catch (error) {
    return failed('database', `${describeDatabaseFailure(error)} Check DATABASE_URL, and that this machine may connect.`)
  }
}
