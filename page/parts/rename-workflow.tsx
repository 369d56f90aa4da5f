import { useState } from 'preact/hooks'
import { announceChange } from '../state/changes.js'
import { ServiceError, useService } from '../state/service.js'
import { strings } from '../text/strings.js'
import { Dialog } from './dialog.js'
import { Failure } from './message.js'

/** For admins: names a workflow, for everyone in the organisation. */
export function RenameWorkflow ({ workflowId, name }: { workflowId: string, name: string }) {
  const service = useService()
  const [isOpen, setIsOpen] = useState(false)
  const [draft, setDraft] = useState(name)
  const [error, setError] = useState<ServiceError>()
  const save = async (event: SubmitEvent) => {
    event.preventDefault()
    try {
      await service.ask((client, signal) => client.PUT('/api/v1/objects/workflows/{workflowId}', {
        params: { path: { workflowId } }, body: { name: draft.trim() }, signal,
      }))
      setIsOpen(false)
      announceChange()
    } catch (failure) {
      if (!(failure instanceof ServiceError)) throw failure
      setError(failure)
    }
  }
  return (
    <>
      <button type='button' onClick={() => { setDraft(name); setIsOpen(true) }}>{strings.workflow.rename}</button>
      {isOpen && (
        <Dialog heading={strings.workflow.rename} onClose={() => { setIsOpen(false) }}>
          <form onSubmit={save}>
            <label for='workflow-name'>{strings.workflow.name}</label>
            <input id='workflow-name' type='text' required maxLength={200} value={draft} onInput={({ currentTarget }) => { setDraft(currentTarget.value) }} />
            <Failure error={error} />
            <div class='dialog-actions'>
              <button type='button' onClick={() => { setIsOpen(false) }}>{strings.cancel}</button>
              <button type='submit' class='primary'>{strings.workflow.save}</button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  )
}
