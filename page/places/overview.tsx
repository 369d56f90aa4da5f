import { Freshness } from '../parts/freshness.js'
import { Failure, Skeleton } from '../parts/message.js'
import { PlaceLink } from '../parts/place-link.js'
import { Reconcile } from '../parts/reconcile.js'
import { TrendSection } from '../parts/trend-section.js'
import { UsageSummary } from '../parts/usage-summary.js'
import { WorkflowTable } from '../parts/workflow-table.js'
import type { StorageUsage } from '../state/answers.js'
import { type Service, useService } from '../state/service.js'
import { useAnswer } from '../state/use-answer.js'
import { strings } from '../text/strings.js'
import { PlaceHead } from './place-head.js'

/** How many workflows the trend is divided into. */
const LAYERS = 5

async function readUsage (service: Service, createdBy: string | undefined, signal: AbortSignal): Promise<StorageUsage> {
  const query = createdBy === undefined ? {} : { createdBy }
  return await service.ask((client, ended) =>
    client.GET('/api/v1/objects/storage-usage', { params: { query }, signal: ended }), signal)
}

/** What the organisation or one of its users stores. A member's own part is shown beside the whole. */
export function Overview ({ createdBy }: { createdBy?: string | undefined }) {
  const { mayBeAdmin, userId } = useService()
  const ownId = createdBy === undefined && !mayBeAdmin ? userId : undefined
  const { data, error, isReading, readAgain } = useAnswer(async (service, signal) => {
    const [usage, own] = await Promise.all([
      readUsage(service, createdBy, signal), ownId === undefined ? undefined : readUsage(service, ownId, signal),
    ])
    return { usage, own: ownId === undefined || own === undefined ? undefined : { userId: ownId, usage: own } }
  }, [createdBy, ownId])
  const usage = data?.usage
  return (
    <PlaceHead
      title={strings.places.overview}
      heading={createdBy === undefined ? strings.places.overview : strings.usage.partOf(createdBy)}
      orgKey={usage?.orgKey} isReading={isReading} said={usage === undefined ? undefined : strings.usage.shown(usage.orgKey)}
      actions={createdBy === undefined ? null : <PlaceLink className='button' to={{ name: 'overview' }}>{strings.usage.everybody}</PlaceLink>}
    >
      <Failure error={error} isFromBefore={usage !== undefined} onRetry={readAgain} />
      {usage === undefined && error === undefined && <Skeleton rows={6} />}
      {data !== undefined && usage !== undefined && (
        <div id='usage'>
          <UsageSummary usage={usage} own={data.own} />
          <div class='freshness-line'>
            <Freshness usage={usage} />
            {mayBeAdmin && createdBy === undefined && <Reconcile />}
          </div>
          <TrendSection request={{ createdBy, parts: createdBy === undefined ? usage.breakdown.slice(0, LAYERS) : [] }} />
          <WorkflowTable
            workflows={usage.breakdown} totalBytes={usage.totalBytes}
            fileName={`storage-usage-${usage.orgKey}${createdBy === undefined ? '' : `-${createdBy}`}.csv`}
          />
        </div>
      )}
    </PlaceHead>
  )
}
