import { useState } from 'preact/hooks'
import type { Share } from '../state/answers.js'
import { ServiceError, useService } from '../state/service.js'
import { strings } from '../text/strings.js'
import { CopyButton } from './copy-button.js'
import { Dialog } from './dialog.js'
import { Failure } from './message.js'

const WEEK_SECONDS = 604_800

interface ShareDialogProps {
  /** A file, or a run or folder of it, whose prefix ends with a slash or is empty. */
  what: { objectKey: string } | { workflowId: string, runId: string, prefix: string }
  name: string
  onClose: () => void
}

/** Creates a link to a file, a folder or a run, which expires when its maker chooses, and shows it once. */
export function ShareDialog ({ what, name, onClose }: ShareDialogProps) {
  const service = useService()
  const [expiresIn, setExpiresIn] = useState(WEEK_SECONDS)
  const [note, setNote] = useState('')
  const [type, setType] = useState<'attachment' | 'inline'>('attachment')
  const [made, setMade] = useState<Share>()
  const [error, setError] = useState<ServiceError>()
  const create = async (event: SubmitEvent) => {
    event.preventDefault()
    const target = 'prefix' in what && what.prefix === '' ? { workflowId: what.workflowId, runId: what.runId } : what
    try {
      setMade(await service.ask((client, signal) => client.POST('/api/v1/objects/shares', {
        body: { ...target, expiresIn, type, ...note.trim() === '' ? {} : { note: note.trim() } }, signal,
      })))
      setError(undefined)
    } catch (failure) {
      if (!(failure instanceof ServiceError)) throw failure
      setError(failure)
    }
  }
  return (
    <Dialog heading={strings.sharing.heading(name)} onClose={onClose}>
      <p class='hint'>{strings.sharing.hint}</p>
      {made === undefined
        ? (
          <form onSubmit={create}>
            <label for='share-ends'>{strings.sharing.ends}</label>
            <select
              id='share-ends' value={expiresIn}
              onChange={({ currentTarget }) => { setExpiresIn(Number(currentTarget.value)) }}
            >
              {strings.sharing.periods.map(({ seconds, name: period }) => (
                <option key={seconds} value={seconds}>{period}</option>
              ))}
            </select>
            <label for='share-type'>{strings.sharing.opens}</label>
            <select
              id='share-type' value={type}
              onChange={({ currentTarget }) => { setType(currentTarget.value === 'inline' ? 'inline' : 'attachment') }}
            >
              <option value='attachment'>{strings.sharing.attachment}</option><option value='inline'>{strings.sharing.inline}</option>
            </select>
            <label for='share-note'>{strings.sharing.note}</label>
            <input id='share-note' type='text' maxLength={200} value={note} onInput={({ currentTarget }) => { setNote(currentTarget.value) }} />
            <Failure error={error} />
            <div class='dialog-actions'>
              <button type='button' onClick={onClose}>{strings.cancel}</button>
              <button type='submit' class='primary'>{strings.sharing.create}</button>
            </div>
          </form>
          )
        : (
          <>
            <label for='share-url'>{strings.sharing.result}</label>
            <input id='share-url' type='text' readOnly value={made.url} onFocus={({ currentTarget }) => { currentTarget.select() }} />
            <p class='hint'>{strings.sharing.until(made.expiresAt)}</p>
            <div class='dialog-actions'>
              <CopyButton text={made.url} />
              <button type='button' class='primary' onClick={onClose}>{strings.close}</button>
            </div>
          </>
          )}
    </Dialog>
  )
}
