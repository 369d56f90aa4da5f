import { setMaxListeners } from 'node:events'
import type { ServerResponse } from 'node:http'

/** A signal that is aborted when the connection of a response is closed, or at once if it was closed already. */
export function signalWhenGone (response: Pick<ServerResponse, 'destroyed' | 'once'>): AbortSignal {
  const clientGone = new AbortController()
  // One request may wait for many things at once, all of which end with it.
  setMaxListeners(Infinity, clientGone.signal)
  if (response.destroyed) clientGone.abort()
  else response.once('close', () => { clientGone.abort() })
  return clientGone.signal
}
