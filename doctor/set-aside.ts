import type { FastifyInstance } from 'fastify'
import { countSetAside } from '../db/events/set-aside-records.js'
import { type Finding, ok, warning } from './finding.js'

/** Checks whether set-aside records of notifications await someone's attention. */
export async function examineSetAside ({ database }: FastifyInstance): Promise<Finding> {
  const setAside = await countSetAside(database)
  if (setAside === undefined) return ok('set-aside', 'No record of a notification is set aside.')
  const { count, newestAt } = setAside
  return warning('set-aside', `${count.toLocaleString('en')} records of notifications are set aside, the newest since ${newestAt.toISOString()}: npm run set-aside -- list names them, and replay counts what this version understands.`)
}
