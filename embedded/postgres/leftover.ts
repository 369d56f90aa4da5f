import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { identify, isSameProcess, readProcessIdentity, writeProcessIdentity } from '../process-identity.js'

const CHECK_INTERVAL_MS = 20
/** A server that takes longer to stop is killed; the next one recovers what it left. */
const PATIENCE_MS = 20_000

/** Writes down which process serves a cluster, for `stopLeftover`. */
export function recordServer (directory: string, processId: number): void {
  writeProcessIdentity(recordPath(directory), identify(processId))
}

/**
 * Stops the server that a killed process has left behind, if it still runs. PostgreSQL's own record of it is removed, since
 * PostgreSQL would take any process that now has the server's id for the server, and refuse to start.
 */
export async function stopLeftover (directory: string): Promise<void> {
  const server = readProcessIdentity(recordPath(directory))
  // If it is not known when it started, it may be another process.
  if (server?.startedAt !== undefined) {
    for (let waitedMs = 0; isSameProcess(server); waitedMs += CHECK_INTERVAL_MS) {
      if (waitedMs === 0 || waitedMs >= PATIENCE_MS) process.kill(server.processId, waitedMs === 0 ? 'SIGINT' : 'SIGKILL')
      await setTimeout(CHECK_INTERVAL_MS)
    }
  }
  await rm(join(directory, 'postmaster.pid'), { force: true })
}

function recordPath (directory: string): string {
  return join(directory, 'server-process')
}
