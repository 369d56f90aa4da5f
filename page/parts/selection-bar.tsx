import { useState } from 'preact/hooks'
import { type ArchivedRun, downloadArchive } from '../state/archive.js'
import type { Selection } from '../state/selection.js'
import { ServiceError, useService } from '../state/service.js'
import { strings } from '../text/strings.js'
import { DeleteDialog } from './delete-dialog.js'
import { Failure } from './message.js'

/** What can be done with the selected entries. */
export function SelectionBar ({ run, selection }: { run: { workflowId: string, runId: string }, selection: Selection }) {
  const service = useService()
  const [isDeleting, setIsDeleting] = useState(false)
  const [error, setError] = useState<ServiceError>()
  const [only] = selection.entries
  // One folder is an archive of its own.
  const archived: ArchivedRun | undefined = selection.entries.length === 1 && only?.kind === 'folder' ? { ...run, prefix: only.path } : undefined
  const archive = (what: ArchivedRun) => {
    downloadArchive(service, what, `${strings.run.archive}: ${what.prefix}`).catch((failure: unknown) => {
      if (!(failure instanceof ServiceError)) throw failure
      setError(failure)
    })
  }
  return (
    <div class='selection-bar' role='group' aria-label={strings.run.selected(selection.entries.length)}>
      <span role='status'>{strings.run.selected(selection.entries.length)}</span>
      <button type='button' onClick={() => { selection.set([]) }}>{strings.run.clear}</button>
      {archived !== undefined && <button type='button' onClick={() => { archive(archived) }}>{strings.run.archiveSelected}</button>}
      <button type='button' class='danger' onClick={() => { setIsDeleting(true) }}>{strings.run.deleteSelected}</button>
      <Failure error={error} />
      {isDeleting && (
        <DeleteDialog
          run={run} entries={selection.entries} onClose={() => { setIsDeleting(false) }}
          onDone={() => { setIsDeleting(false); selection.set([]) }}
        />
      )}
    </div>
  )
}
