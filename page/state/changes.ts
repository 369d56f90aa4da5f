/**
 * When figures are read again, in milliseconds after a change, since the store's events take a while to be counted. A change
 * that takes longer than the last of these shows when the page is next opened or refreshed.
 */
export const READ_AGAIN_MS: readonly number[] = [0, 400, 1_500, 4_000]

const listeners = new Set<() => void>()

/** Makes everything that is shown be read again. */
export function readAllAgain (): void {
  for (const listener of listeners) listener()
}

/** Makes everything that is shown be read again, now and while a change that was made here is being counted. */
export function announceChange (): void {
  for (const delayMs of READ_AGAIN_MS) setTimeout(readAllAgain, delayMs)
}

/** Calls a listener whenever what is shown should be read again. */
export function listenToChanges (listener: () => void): () => void {
  listeners.add(listener)
  return () => { listeners.delete(listener) }
}
