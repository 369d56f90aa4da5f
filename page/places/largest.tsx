import { DataTable } from '../parts/data-table.js'
import { ShortId, Size, Time } from '../parts/figures.js'
import { Failure, Skeleton } from '../parts/message.js'
import { PlaceLink } from '../parts/place-link.js'
import type { LargestFile } from '../state/answers.js'
import { usePages } from '../state/use-pages.js'
import { strings } from '../text/strings.js'
import { PlaceHead } from './place-head.js'

/** The largest files that the reader may see; each leads to where it is. */
export function Largest () {
  const { items, error, isReading, hasMore, readMore, readAgain } = usePages<LargestFile>(async (service, cursor, signal) => {
    const { files, nextCursor } = await service.ask((client, ended) => client.GET('/api/v1/objects/storage-usage/largest', {
      params: { query: cursor === undefined ? {} : { cursor } }, signal: ended,
    }), signal)
    return { items: files, nextCursor }
  }, [])
  return (
    <PlaceHead title={strings.largest.heading} heading={strings.largest.heading} isReading={isReading}>
      <Failure error={error} isFromBefore={items !== undefined} onRetry={readAgain} />
      {items === undefined && error === undefined && <Skeleton rows={8} />}
      {items?.length === 0 && <p class='empty'>{strings.largest.none}</p>}
      {items !== undefined && items.length > 0 && (
        <DataTable
          id='largest' label={strings.largest.heading} rows={items} keyOf={({ objectKey }) => objectKey}
          more={{ hasMore, isReading, read: readMore }}
          columns={[
            {
              key: 'name',
              name: strings.run.name,
              isRowHeader: true,
              cell: ({ workflowId, runId, path }) => <PlaceLink className='file-name' to={{ name: 'run', workflowId, runId, path }} title={path}>{path}</PlaceLink>,
            },
            { key: 'direction', name: strings.run.direction, className: 'wider', cell: ({ direction }) => direction === 'inputs' ? strings.run.input : strings.run.output },
            { key: 'time', name: strings.run.time, className: 'wide', cell: ({ createdAt }) => <Time at={createdAt} isShort /> },
            { key: 'creator', name: strings.run.creator, className: 'wide', cell: ({ createdBy }) => <ShortId id={createdBy} /> },
            { key: 'size', name: strings.run.size, className: 'number', cell: ({ bytes }) => <Size bytes={bytes} /> },
          ]}
        />
      )}
    </PlaceHead>
  )
}
