import type { Entry } from './entry.js'

/** What a folder's entries can be sorted by. */
export type EntryKey = 'name' | 'time' | 'size'

/**
 * Sorts all entries of a folder. By name, folders come first, and both keep the service's order; entries whose time or size is
 * not known come last.
 */
export function sortEntries (entries: readonly Entry[], key: EntryKey, isDescending: boolean): readonly Entry[] {
  if (key === 'name') {
    const sorted = entries.toSorted((one, other) => rankOf(one) - rankOf(other))
    return isDescending ? sorted.reverse() : sorted
  }
  const sign = isDescending ? -1 : 1
  return entries.toSorted((one, other) => {
    const [first, second] = [figureOf(one, key), figureOf(other, key)]
    if (first === undefined || second === undefined) return Number(first === undefined) - Number(second === undefined)
    return sign * (first - second)
  })
}

function rankOf ({ kind }: Entry): number {
  return kind === 'folder' ? 0 : 1
}

function figureOf (entry: Entry, key: 'time' | 'size'): number | undefined {
  if (key === 'size') return entry.kind === 'folder' ? entry.bytes : entry.file.bytes
  return entry.kind === 'folder' || entry.file.createdAt === null ? undefined : Date.parse(entry.file.createdAt)
}
