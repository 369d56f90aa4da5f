import { useState } from 'preact/hooks'

export const byName = new Intl.Collator('en', { numeric: true })

/** The column by which a table is sorted, and the direction. */
export interface Sorting<Key extends string> {
  key: Key
  isDescending: boolean
  /** What a column's header says and does. */
  header: (key: Key) => { sorted: 'ascending' | 'descending' | 'none', onSort: () => void }
}

/** A table's order, as its reader chooses it: names start from A, figures from the largest; choosing again reverses it. */
export function useSorting<Key extends string> (initial: Key, ascendingFirst: readonly Key[]): Sorting<Key> {
  const [{ key, isDescending }, setSorting] = useState({ key: initial, isDescending: !ascendingFirst.includes(initial) })
  return {
    key,
    isDescending,
    header: (column) => ({
      sorted: column !== key ? 'none' : isDescending ? 'descending' : 'ascending',
      onSort: () => {
        setSorting({ key: column, isDescending: column === key ? !isDescending : !ascendingFirst.includes(column) })
      },
    }),
  }
}
