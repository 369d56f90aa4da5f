import { PlaceLink } from '../parts/place-link.js'
import type { Place } from '../state/address.js'
import type { Uploads } from '../state/uploads.js'
import { strings } from '../text/strings.js'
import { Largest } from './largest.js'
import { Links } from './links.js'
import { Overview } from './overview.js'
import { PlaceHead } from './place-head.js'
import { Run } from './run.js'
import { Users } from './users.js'
import { Workflow } from './workflow.js'

/**
 * The place that the address names. Places for different things have different keys, so that nothing of the previous one
 * remains.
 */
export function CurrentPlace ({ place, uploads }: { place: Place, uploads: Uploads }) {
  switch (place.name) {
    case 'overview': return <Overview key='overview' />
    case 'user': return <Overview key={place.userId} createdBy={place.userId} />
    case 'workflow': return <Workflow key={place.workflowId} workflowId={place.workflowId} />
    case 'run': return <Run key={place.runId} {...place} uploads={uploads} />
    case 'largest': return <Largest />
    case 'links': return <Links />
    case 'users': return <Users />
    case 'unknown': return (
      <PlaceHead title={strings.unknownPlace} heading={strings.unknownPlace} isReading={false}>
        <p><PlaceLink to={{ name: 'overview' }}>{strings.toOverview}</PlaceLink></p>
      </PlaceHead>
    )
  }
}
