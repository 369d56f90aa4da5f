import type { ServerResponse } from 'node:http'

/**
 * Closes the connection of a response once its client has taken nothing for too long. While all that was written has been
 * taken, the client is waiting for the service, whatever time that takes.
 *
 * @param log is told of it
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
