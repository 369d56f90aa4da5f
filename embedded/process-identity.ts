import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { errorCode } from '../errors/error-code.js'

/** Identifies a process among all those that ever have its id. */
export interface ProcessIdentity {
  processId: number
  /** When it started, in this system's terms, good only for comparison; undefined if the system does not say. */
  startedAt: string | undefined
}

/** The process that has this id now. */
export function identify (processId: number): ProcessIdentity {
  return { processId, startedAt: startOf(processId) }
}

/**
 * Writes down a process, for `readProcessIdentity`.
 *
 * @param flag `wx` throws if the file exists
 */
export function writeProcessIdentity (path: string, { processId, startedAt }: ProcessIdentity, flag: 'w' | 'wx' = 'w'): void {
  writeFileSync(path, [processId, startedAt ?? ''].join('\n'), { flag })
}

/** The process that a file names; undefined if there is no such file, or it names none. */
export function readProcessIdentity (path: string): ProcessIdentity | undefined {
  try {
    const [, processId, startedAt] = /^([1-9]\d{0,9})(?:\n(.*))?$/.exec(readFileSync(path, 'utf8')) ?? []
    return processId === undefined ? undefined : { processId: Number(processId), startedAt: startedAt === '' ? undefined : startedAt }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Whether a process still runs. If it is not known when either started, the same id counts as the same process. */
export function isSameProcess ({ processId, startedAt }: ProcessIdentity): boolean {
  if (!isRunning(processId)) return false
  const startNow = startOf(processId)
  return startedAt === undefined || startNow === undefined || startedAt === startNow
}

function isRunning (processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    // Another user's process may not be signalled, but exists.
    return errorCode(error) === 'EPERM'
  }
}

function startOf (processId: number): string | undefined {
  try {
    if (process.platform === 'linux') return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${startTicks(processId)}`
    if (process.platform === 'win32') return undefined
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(processId)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}

/** Clock ticks from the system's start to the process's: proc(5), field 22 of stat. Field 2 may contain blanks. */
function startTicks (processId: number): string {
  const stat = readFileSync(`/proc/${processId}/stat`, 'utf8')
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  if (ticks === undefined) throw new Error('The file has another form.')
  return ticks
}
