import { useMemo, useState } from 'preact/hooks'
import { DataTable } from '../parts/data-table.js'
import { Command } from '../parts/command.js'
import { Size, Time } from '../parts/figures.js'
import { Failure, Skeleton } from '../parts/message.js'
import { PlaceLink } from '../parts/place-link.js'
import { RenameWorkflow } from '../parts/rename-workflow.js'
import { TrendSection } from '../parts/trend-section.js'
import { Way } from '../parts/way.js'
import type { ListedRun } from '../state/answers.js'
import { newId } from '../state/new-id.js'
import { useService } from '../state/service.js'
import { usePages } from '../state/use-pages.js'
import { useWorkflowName } from '../state/workflow-name.js'
import { exactCount } from '../text/figures.js'
import { strings } from '../text/strings.js'
import { PlaceHead } from './place-head.js'

type Sort = 'firstSeen' | 'newest' | 'bytes' | 'files'

/** A workflow: what it stored over time, and its runs. */
export function Workflow ({ workflowId }: { workflowId: string }) {
  const { mayBeAdmin } = useService()
  const name = useWorkflowName(workflowId)
  const [sort, setSort] = useState<Sort>('firstSeen')
  const newRun = useMemo(newId, [])
  const { items, error, isReading, hasMore, readMore, readAgain } = usePages<ListedRun>(async (service, cursor, signal) => {
    const { runs, nextCursor } = await service.ask((client, ended) => client.GET('/api/v1/objects/workflows/{workflowId}/runs', {
      params: { path: { workflowId }, query: { sort, ...cursor === undefined ? {} : { cursor } } }, signal: ended,
    }), signal)
    return { items: runs, nextCursor }
  }, [workflowId, sort])
  return (
    <PlaceHead
      title={name} heading={name} isReading={isReading}
      way={<Way label={strings.workflows.name} steps={[{ name: strings.places.overview, to: { name: 'overview' } }]} />}
      actions={(
        <>
          {mayBeAdmin && <RenameWorkflow workflowId={workflowId} name={name === workflowId ? '' : name} />}
          <PlaceLink className='button primary' to={{ name: 'run', workflowId, runId: newRun, path: '' }}>{strings.workflow.new}</PlaceLink>
        </>
      )}
    >
      <TrendSection request={{ workflowId, parts: [] }} />
      <section aria-labelledby='runs-heading'>
        <div class='section-head'>
          <h2 id='runs-heading'>{strings.workflow.runs}</h2>
          <label class='choice'>{strings.workflow.sort}{' '}
            <select value={sort} onChange={({ currentTarget }) => { setSort(sortOf(currentTarget.value)) }}>
              {strings.workflow.sorts.map(({ value, name: title }) => <option key={value} value={value}>{title}</option>)}
            </select>
          </label>
        </div>
        <Failure error={error} isFromBefore={items !== undefined} onRetry={readAgain} />
        {items === undefined && error === undefined && <Skeleton rows={8} />}
        {items?.length === 0 && (
          <div class='empty'>
            <p>{strings.workflow.none} {strings.workflows.help}</p>
            <Command workflowId={workflowId} runId={newRun} />
          </div>
        )}
        {items !== undefined && items.length > 0 && (
          <DataTable
            id='runs' label={strings.workflow.runs} rows={items} keyOf={({ runId }) => runId}
            more={{ hasMore, isReading, read: readMore }}
            columns={[
              {
                key: 'run',
                name: strings.workflow.run,
                isRowHeader: true,
                cell: ({ runId }) => <PlaceLink className='id' to={{ name: 'run', workflowId, runId, path: '' }} title={runId}>{runId}</PlaceLink>,
              },
              { key: 'time', name: strings.workflow.since, className: 'wide', cell: ({ firstSeenAt }) => <Time at={firstSeenAt} isShort /> },
              { key: 'count', name: strings.workflow.files, className: 'number wide', cell: ({ fileCount }) => exactCount(fileCount) },
              { key: 'bytes', name: strings.workflow.inputs, className: 'number wider', cell: ({ inputBytes }) => <Size bytes={inputBytes} /> },
              { key: 'bytes-out', name: strings.workflow.outputs, className: 'number wider', cell: ({ outputBytes }) => <Size bytes={outputBytes} /> },
              { key: 'size', name: strings.workflow.size, className: 'number', cell: ({ bytes }) => <Size bytes={bytes} /> },
            ]}
          />
        )}
      </section>
    </PlaceHead>
  )
}

function sortOf (value: string): Sort {
  return value === 'newest' || value === 'bytes' || value === 'files' ? value : 'firstSeen'
}
