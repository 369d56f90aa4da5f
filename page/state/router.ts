import { useEffect, useState } from 'preact/hooks'
import { type Place, formatPlace, parsePlace } from './address.js'

// Assets are two folders below the service: `app/assets/`.
/** Where the service is, with a slash at its end. */
export const base = new URL('../../', import.meta.url)
const root = `${base.pathname}app`

const listeners = new Set<() => void>()
window.addEventListener('popstate', () => { for (const listener of listeners) listener() })

function currentPlace (): Place {
  const { pathname, search } = window.location
  if (pathname !== root && !pathname.startsWith(`${root}/`)) return { name: 'unknown' }
  return parsePlace(pathname.slice(root.length), search)
}

/** The address of a place, for links. */
export function addressOf (place: Place): string {
  return root + formatPlace(place)
}

/**
 * Goes to a place, as a link does.
 *
 * @param options.replace leaves the place that was shown out of the history
 */
export function goTo (place: Place, options: { replace?: boolean } = {}): void {
  const address = addressOf(place)
  if (options.replace === true || address === window.location.pathname + window.location.search) window.history.replaceState(null, '', address)
  else window.history.pushState(null, '', address)
  for (const listener of listeners) listener()
}

/** The place that the address names, now and after each change. */
export function usePlace (): Place {
  const [place, setPlace] = useState(currentPlace)
  useEffect(() => {
    const listener = () => { setPlace(currentPlace()) }
    listeners.add(listener)
    return () => { listeners.delete(listener) }
  }, [])
  return place
}
