const listeners = new Set<(text: string) => void>()

/** Says something to those who hear the page rather than see it. */
export function announce (text: string): void {
  for (const listener of listeners) listener(text)
}

/** Calls a listener with each announcement. */
export function listenToAnnouncements (listener: (text: string) => void): () => void {
  listeners.add(listener)
  return () => { listeners.delete(listener) }
}
