import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { strings } from '../text/strings.js'
import { useVisibleRows } from './use-visible-rows.js'

interface Column<Row> {
  key: string
  name: ComponentChildren
  /** `number` is aligned to the end of its column; `wide` is hidden on narrow screens, `wider` on all but wide ones. */
  className?: string
  isRowHeader?: boolean
  cell: (row: Row) => ComponentChildren
  /** Undefined if the table cannot be sorted by it; `none` if it can be, but is not. */
  sorted?: 'ascending' | 'descending' | 'none'
  onSort?: () => void
}

interface DataTableProps<Row> {
  id: string
  label: string
  columns: ReadonlyArray<Column<Row>>
  rows: readonly Row[]
  keyOf: (row: Row) => string
  rowRem?: number
  isMarked?: (row: Row) => boolean
  /** Whether there are more rows than these, and how they are read. */
  more?: { hasMore: boolean, isReading: boolean, read: () => void }
}

/** A table of any length, of which only the rows near the window are drawn. Further ones are read when its end comes near. */
export function DataTable<Row> ({ id, label, columns, rows, keyOf, rowRem = 2.75, isMarked, more }: DataTableProps<Row>) {
  const table = useRef<HTMLTableElement>(null)
  const { first, end, beforePx, afterPx } = useVisibleRows(table, rows.length, rowRem)
  const isNearEnd = more !== undefined && more.hasMore && !more.isReading && end > rows.length - 20
  useEffect(() => { if (isNearEnd) more.read() }, [isNearEnd, rows.length])
  const gap = (heightPx: number) => heightPx > 0 && (
    <tr class='gap' aria-hidden='true'><td colSpan={columns.length} style={{ height: `${heightPx}px` }} /></tr>
  )
  return (
    <>
      <table id={id} ref={table} class='data' aria-label={label} aria-rowcount={more?.hasMore === true ? -1 : rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map(({ key, name, className, sorted, onSort }) => (
              <th key={key} scope='col' class={`column-${key} ${className ?? ''}`} aria-sort={sorted === 'none' ? undefined : sorted}>
                {onSort === undefined ? name : <button type='button' class='sort' onClick={onSort}>{name}</button>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody style={{ '--row': `${rowRem}rem` }}>
          {gap(beforePx)}
          {rows.slice(first, end).map((row, index) => (
            <tr key={keyOf(row)} aria-rowindex={first + index + 2} class={isMarked?.(row) === true ? 'marked' : undefined}>
              {columns.map(({ key, className, isRowHeader, cell }) => isRowHeader === true
                ? <th key={key} scope='row' class={`column-${key} ${className ?? ''}`}>{cell(row)}</th>
                : <td key={key} class={`column-${key} ${className ?? ''}`}>{cell(row)}</td>)}
            </tr>
          ))}
          {gap(afterPx)}
        </tbody>
      </table>
      {more?.hasMore === true && (
        <button type='button' class='more' disabled={more.isReading} onClick={more.read}>
          {more.isReading ? strings.loading : strings.loadMore}
        </button>
      )}
    </>
  )
}
