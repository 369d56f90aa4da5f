import { useMemo } from 'preact/hooks'
import { type Place, nameOf } from '../state/address.js'
import { type Entry, idOf } from '../state/entry.js'
import { extensionOf } from '../state/preview-kind.js'
import type { ListedFiles } from '../state/run-files.js'
import type { Selection } from '../state/selection.js'
import { type EntryKey, sortEntries } from '../state/sort-entries.js'
import { fileCountInWords } from '../text/figures.js'
import { strings } from '../text/strings.js'
import { DataTable } from './data-table.js'
import { ShortId, Size, Time } from './figures.js'
import { PlaceLink } from './place-link.js'
import { useSorting } from './sorting.js'

interface FileListProps {
  list: ListedFiles
  entries: readonly Entry[]
  run: { workflowId: string, runId: string }
  /** The path in the address. */
  path: string
  nth: number | undefined
  selection: Selection
}

/**
 * The folders and files of a folder, to open and to select. They can be sorted once all of them have been read: the service
 * lists them only by path.
 */
export function FileList ({ list: { hasMore, isReading, readMore }, entries, run, path, nth, selection }: FileListProps) {
  const { key, isDescending, header } = useSorting<EntryKey>('name', ['name'])
  const sorted = useMemo(
    () => hasMore ? entries : sortEntries(entries, key, isDescending), [entries, hasMore, key, isDescending])
  const sortedBy = (column: EntryKey) => hasMore ? {} : header(column)
  const areAllSelected = entries.every(selection.has)
  return (
    <DataTable
      id='files' label={strings.run.files} rows={sorted} keyOf={idOf} isMarked={(entry) => entry.path === path && (entry.kind === 'folder' || entry.nth === nth)}
      more={{ hasMore, isReading, read: readMore }}
      columns={[
        {
          key: 'select',
          name: (
            <input
              type='checkbox' aria-label={strings.run.selectAll} checked={areAllSelected}
              onChange={() => { selection.set(areAllSelected ? [] : entries) }}
            />
          ),
          cell: (entry) => (
            <input
              type='checkbox' aria-label={strings.run.select(nameOf(entry.path))} checked={selection.has(entry)}
              onChange={() => { selection.toggle(entry) }}
            />
          ),
        },
        {
          key: 'name',
          name: strings.run.name,
          isRowHeader: true,
          ...sortedBy('name'),
          cell: (entry) => (
            <PlaceLink className={`file-name ${entry.kind}`} to={placeOf(run, entry)} title={nameOf(entry.path)}>
              {nameOf(entry.path)}{entry.kind === 'folder' && <span class='visually-hidden'> ({strings.run.folder})</span>}
            </PlaceLink>
          ),
        },
        {
          key: 'type',
          name: strings.run.type,
          className: 'wide',
          cell: (entry) => entry.kind === 'file'
            ? extensionOf(entry.path).toUpperCase()
            : entry.fileCount === undefined ? strings.run.folder : fileCountInWords(entry.fileCount),
        },
        {
          key: 'direction',
          name: strings.run.direction,
          className: 'wider',
          cell: (entry) => entry.kind === 'folder' ? '' : entry.file.direction === 'inputs' ? strings.run.input : strings.run.output,
        },
        {
          key: 'time',
          name: strings.run.time,
          className: 'wide',
          ...sortedBy('time'),
          cell: (entry) => entry.kind === 'folder' ? '' : <Time at={entry.file.createdAt} isShort />,
        },
        { key: 'creator', name: strings.run.creator, className: 'wider', cell: (entry) => entry.kind === 'file' && <ShortId id={entry.file.createdBy} /> },
        {
          key: 'size',
          name: strings.run.size,
          className: 'number',
          ...sortedBy('size'),
          cell: (entry) => {
            const bytes = entry.kind === 'folder' ? entry.bytes : entry.file.bytes
            return bytes === undefined ? '' : <Size bytes={bytes} />
          },
        },
      ]}
    />
  )
}

function placeOf (run: { workflowId: string, runId: string }, entry: Entry): Place {
  const nth = entry.kind === 'file' ? entry.nth : undefined
  return { name: 'run', ...run, path: entry.path, ...nth === undefined ? {} : { nth } }
}
