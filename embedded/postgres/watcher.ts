import { type ChildProcess, spawn } from 'node:child_process'
import { Socket } from 'node:net'
import type { Account } from './account.js'

// The shell's input ends with the process that holds its other end, however that ends.
const SCRIPT = 'read -r _; kill -INT "$0"'

/**
 * Stops a server as soon as this process ends, even if it is killed. On Windows, which has no such shell, a server outlives a
 * killed process until the next one starts.
 *
 * @returns a function that ends the watch
 */
export function stopWithThisProcess (server: ChildProcess, account: Account | undefined): () => void {
  if (process.platform === 'win32' || server.pid === undefined) return () => {}
  const watcher = spawn('/bin/sh', ['-c', SCRIPT, String(server.pid)], {
    ...account, cwd: '/', env: {}, detached: true, stdio: ['pipe', 'ignore', 'ignore'],
  })
  // Without a watcher, everything else works.
  watcher.on('error', () => {})
  watcher.unref()
  if (watcher.stdin instanceof Socket) watcher.stdin.unref()
  return () => { watcher.kill('SIGKILL') }
}
