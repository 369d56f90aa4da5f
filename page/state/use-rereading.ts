import { useEffect } from 'preact/hooks'
import { listenToChanges } from './changes.js'

/**
 * Reads when a place opens, after each change that was made here, and when the network is back.
 *
 * @param readAgain must be a new function whenever something else is to be read
 * @param end aborts the reading when the place is left
 */
export function useRereading (readAgain: () => void, end: () => void): void {
  useEffect(() => {
    readAgain()
    const stopListening = listenToChanges(readAgain)
    window.addEventListener('online', readAgain)
    return () => {
      stopListening()
      window.removeEventListener('online', readAgain)
      end()
    }
  }, [readAgain])
}
