import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { errorCode } from '../errors/error-code.js'

/** A process, told from those that have its number before and after it. */
export interface ProcessIdentity {
  processId: number
  /** When it started, as this system says it; undefined where that does not say. Nothing but equality means anything. */
  startedAt: string | undefined
}

/** This process. */
export function ownProcess (): ProcessIdentity {
  return { processId: process.pid, startedAt: startOf(process.pid) }
}

/** Whether a process still runs. Where it is not known when one of the two started, the same number is taken for the same. */
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
    // A process of somebody else's may not be signalled, but is there.
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

/** Clock ticks from the system's start to the process's: proc(5), the 22nd field of stat. The second may hold blanks. */
function startTicks (processId: number): string {
  const stat = readFileSync(`/proc/${processId}/stat`, 'utf8')
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  if (ticks === undefined) throw new Error('The file has another form.')
  return ticks
}
