const listeners = new Set<(text: string) => void>()

/** Announces something to users of screen readers. */
export function announce (text: string): void {
  for (const listener of listeners) listener(text)
}

/** Calls a listener with each announcement. */
export function listenToAnnouncements (listener: (text: string) => void): () => void {
  listeners.add(listener)
  return () => { listeners.delete(listener) }
}
