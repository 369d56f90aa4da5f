import type { ServerResponse } from 'node:http'

/**
 * Closes the connection of a response if its client takes no bytes for too long. A client that has taken all that was written
 * is waiting for the service, and may do so for any length of time.
 *
 * @param log records that the connection was closed
 */
export function dropIdleClient (
  response: Pick<ServerResponse, 'setTimeout' | 'writableLength' | 'destroy'>, idleMs: number,
  log: { info: (message: string) => void },
): void {
  // Node's own timer restarts with each byte that the client takes.
  response.setTimeout(idleMs, () => {
    if (response.writableLength === 0) return
    log.info('dropped a client that took nothing for too long')
    response.destroy()
  })
}
