import { useMemo, useState } from 'preact/hooks'
import type { WorkflowUsage } from '../state/answers.js'
import { newId } from '../state/new-id.js'
import { saveText } from '../state/save-text.js'
import { workflowsAsCsv } from '../text/csv.js'
import { exactCount, exactSize, humanSize, share } from '../text/figures.js'
import { strings } from '../text/strings.js'
import { Command } from './command.js'
import { DataTable } from './data-table.js'
import { Bar } from './figures.js'
import { PlaceLink } from './place-link.js'
import { byName, useSorting } from './sorting.js'

/** How many are shown at first, so that what is below stays within reach. */
const FIRST = 10

interface WorkflowTableProps {
  workflows: readonly WorkflowUsage[]
  totalBytes: number
  /** The name of an exported file. */
  fileName: string
}

/** The workflows with their share of the whole, found by name or id, in the order that the reader chose. */
export function WorkflowTable ({ workflows, totalBytes, fileName }: WorkflowTableProps) {
  const [search, setSearch] = useState('')
  const [isWhole, setIsWhole] = useState(false)
  const [ids] = useState(() => ({ workflowId: newId(), runId: newId() }))
  const sorting = useSorting<'workflowName' | 'fileCount' | 'bytes'>('bytes', ['workflowName'])
  const { key, isDescending } = sorting
  const sorted = useMemo(() => {
    const sign = isDescending ? -1 : 1
    return workflows.toSorted((one, other) => sign * (key === 'workflowName'
      ? byName.compare(one.workflowName, other.workflowName)
      : one[key] - other[key]) || byName.compare(one.workflowId, other.workflowId))
  }, [workflows, key, isDescending])
  const wanted = search.trim().toLowerCase()
  const found = wanted === ''
    ? sorted
    : sorted.filter(({ workflowId, workflowName }) =>
      workflowName.toLowerCase().includes(wanted) || workflowId.includes(wanted))
  const shown = isWhole || wanted !== '' ? found : found.slice(0, FIRST)

  return (
    <section aria-labelledby='workflows-heading'>
      <div class='section-head'>
        <h2 id='workflows-heading'>{strings.workflows.heading}</h2>
        <label class='visually-hidden' for='workflow-search'>{strings.workflows.search}</label>
        <input
          id='workflow-search' type='search' class='search' placeholder={strings.workflows.search} value={search}
          onInput={({ currentTarget }) => { setSearch(currentTarget.value) }}
        />
        <span class='hint' id='workflows-shown' role='status'>{strings.workflows.shown(found.length, workflows.length)}</span>
        <button type='button' disabled={workflows.length === 0} onClick={() => { saveText(fileName, workflowsAsCsv(sorted)) }}>
          {strings.workflows.export}
        </button>
        <PlaceLink className='button' to={{ name: 'workflow', workflowId: ids.workflowId }}>{strings.workflows.new}</PlaceLink>
      </div>
      {shown.length === 0
        ? <NoWorkflows isEmpty={workflows.length === 0} ids={ids} />
        : (
          <DataTable
            id='workflows' label={strings.workflows.heading} rows={shown} keyOf={({ workflowId }) => workflowId} rowRem={3.5}
            columns={[
              {
                key: 'name',
                name: strings.workflows.name,
                isRowHeader: true,
                ...sorting.header('workflowName'),
                cell: ({ workflowId, workflowName, bytes }) => (
                  <>
                    <PlaceLink className='workflow-name' to={{ name: 'workflow', workflowId }} title={workflowName}>{workflowName}</PlaceLink>
                    <Bar part={bytes} whole={totalBytes} />
                  </>
                ),
              },
              {
                key: 'files',
                name: strings.workflows.files,
                className: 'number wide',
                ...sorting.header('fileCount'),
                cell: ({ fileCount }) => exactCount(fileCount),
              },
              {
                key: 'share-size',
                name: strings.workflows.size,
                className: 'number',
                ...sorting.header('bytes'),
                cell: ({ bytes }) => (
                  <>
                    <span class='size'>{humanSize(bytes)}</span> <span class='share'>{share(bytes, totalBytes)}</span>
                    <br /><span class='exact'>{exactSize(bytes)}</span>
                  </>
                ),
              },
            ]}
          />
          )}
      {shown.length < found.length && (
        <button type='button' class='more' onClick={() => { setIsWhole(true) }}>{strings.workflows.all(found.length)}</button>
      )}
    </section>
  )
}

function NoWorkflows ({ isEmpty, ids }: { isEmpty: boolean, ids: { workflowId: string, runId: string } }) {
  return (
    <div class='empty'>
      <p id='workflows-empty'>{isEmpty ? strings.workflows.none : strings.workflows.noneFound}</p>
      {isEmpty && <Command {...ids} />}
    </div>
  )
}
