import { useState } from 'preact/hooks'
import { downloadArchive } from '../state/archive.js'
import { type Selection, filesOf } from '../state/selection.js'
import { ServiceError, useService } from '../state/service.js'
import { fileCountInWords } from '../text/figures.js'
import { strings } from '../text/strings.js'
import { DeleteDialog } from './delete-dialog.js'
import { Failure } from './message.js'

/** What can be done with the selected entries. */
export function SelectionBar ({ run, selection }: { run: { workflowId: string, runId: string }, selection: Selection }) {
  const service = useService()
  const [isDeleting, setIsDeleting] = useState(false)
  const [error, setError] = useState<ServiceError>()
  const [only] = selection.entries
  const archive = async () => {
    // The archive of a single folder includes files that are added to it later.
    if (selection.entries.length === 1 && only?.kind === 'folder') {
      await downloadArchive(service, { ...run, prefix: only.path }, strings.run.archiveOf(only.path))
      return
    }
    const objectKeys = (await filesOf(service, run, selection.entries)).map(({ objectKey }) => objectKey)
    await downloadArchive(service, { objectKeys }, strings.run.archiveOf(fileCountInWords(objectKeys.length)))
  }
  const begin = () => {
    archive().catch((failure: unknown) => {
      if (!(failure instanceof ServiceError)) throw failure
      setError(failure)
    })
  }
  return (
    <div class='selection-bar' role='group' aria-label={strings.run.selected(selection.entries.length)}>
      <span role='status'>{strings.run.selected(selection.entries.length)}</span>
      <button type='button' onClick={() => { selection.set([]) }}>{strings.run.clear}</button>
      <button type='button' onClick={begin}>{strings.run.archiveSelected}</button>
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
