import { setMaxListeners } from 'node:events'
import type { ServerResponse } from 'node:http'

/** Why work is ended. One for all: an error for each response, with its stack, would cost a tenth of a short answer's time. */
const clientLeft = new DOMException('The client has its answer, or has left.', 'AbortError')

/** A signal that is aborted when the connection of a response is closed, or at once if it is already closed. */
export function signalWhenGone (response: Pick<ServerResponse, 'destroyed' | 'once'>): AbortSignal {
  const clientGone = new AbortController()
  // One request may wait for many things at once, all of which end with it.
  setMaxListeners(Infinity, clientGone.signal)
  if (response.destroyed) clientGone.abort(clientLeft)
  else response.once('close', () => { clientGone.abort(clientLeft) })
  return clientGone.signal
}
