import { useEffect, useRef, useState } from 'preact/hooks'
import type { Reconciliation } from '../state/answers.js'
import { announceChange } from '../state/changes.js'
import { ServiceError, useService } from '../state/service.js'
import { strings } from '../text/strings.js'

/** How often the page asks the service for its progress. */
const PROGRESS_MS = 1_000

/** For admins: starts a reconcile, which compares the bucket with what is counted, and shows its progress. */
export function Reconcile () {
  const service = useService()
  const [progress, setProgress] = useState<Reconciliation>()
  const [error, setError] = useState<ServiceError>()
  const leaving = useRef(new AbortController())
  useEffect(() => () => { leaving.current.abort() }, [])

  const follow = async () => {
    const { signal } = leaving.current
    try {
      let current = await service.ask((client, ended) => client.POST('/api/v1/objects/reconcile', { signal: ended }), signal)
      setError(undefined)
      setProgress(current)
      while (current.status === 'running') {
        await new Promise((resolve) => { setTimeout(resolve, PROGRESS_MS) })
        current = await service.ask((client, ended) => client.GET('/api/v1/objects/reconcile', { signal: ended }), signal)
        setProgress(current)
      }
      announceChange()
    } catch (failure) {
      if (signal.aborted) return
      if (!(failure instanceof ServiceError)) throw failure
      setError(failure)
    }
  }
  return (
    <div class='reconcile'>
      <button type='button' disabled={progress?.status === 'running'} onClick={follow}>{strings.reconcile.start}</button>
      <span id='reconcile-progress' role='status'>{error?.message ?? (progress === undefined ? '' : describe(progress))}</span>
    </div>
  )
}

function describe ({ status, listedFiles, added, removed, corrected, unsettled, failure }: Reconciliation): string {
  if (status === 'running') return strings.reconcile.running(listedFiles)
  if (status !== 'complete') return strings.reconcile.failed(failure)
  return [strings.reconcile.done(added, removed, corrected), ...unsettled > 0 ? [strings.reconcile.unsettled(unsettled)] : []].join(' ')
}
