import { useEffect, useState } from 'preact/hooks'
import type { RunFile } from '../state/answers.js'
import { announce } from '../state/announcements.js'
import { announceChange } from '../state/changes.js'
import { type DeletionResult, deleteFiles } from '../state/delete-files.js'
import type { Entry } from '../state/entry.js'
import { filesOf } from '../state/selection.js'
import { ServiceError, useService } from '../state/service.js'
import { strings } from '../text/strings.js'
import { Dialog } from './dialog.js'
import { Failure } from './message.js'

/** How many files a confirmation names. */
const NAMED = 10

interface DeleteDialogProps {
  run: { workflowId: string, runId: string }
  entries: readonly Entry[]
  onClose: () => void
  onDone: () => void
}

/** Deletes files once their number, bytes and names have been confirmed. What cannot be deleted is listed. */
export function DeleteDialog ({ run, entries, onClose, onDone }: DeleteDialogProps) {
  const service = useService()
  const [files, setFiles] = useState<RunFile[]>()
  const [error, setError] = useState<ServiceError>()
  const [doneCount, setDoneCount] = useState<number>()
  const [failed, setFailed] = useState<DeletionResult['failed']>([])
  useEffect(() => {
    const leaving = new AbortController()
    filesOf(service, run, entries, leaving.signal).then(setFiles, (failure: unknown) => {
      if (leaving.signal.aborted) return
      if (!(failure instanceof ServiceError)) throw failure
      setError(failure)
    })
    return () => { leaving.abort() }
  }, [])

  const start = async (chosen: readonly RunFile[]) => {
    setDoneCount(0)
    const result = await deleteFiles(service, chosen, setDoneCount)
    announce(strings.deletion.done(result.deletedCount))
    announceChange()
    setFailed(result.failed)
    if (result.failed.length === 0) onDone()
  }
  const bytes = files?.reduce((sum, file) => sum + file.bytes, 0) ?? 0
  return (
    <Dialog heading={strings.deletion.heading} onClose={onClose}>
      <Failure error={error} />
      {files === undefined && error === undefined && <p role='status'>{strings.deletion.counting}</p>}
      {files?.length === 0 && <p>{strings.deletion.nothing}</p>}
      {files !== undefined && files.length > 0 && failed.length === 0 && (
        <>
          <p id='deletion-what'>{strings.deletion.what(files.length, bytes)}</p>
          <FileNames names={files.map(({ path }) => path)} />
          {doneCount !== undefined && <p role='status'>{strings.deletion.progress(doneCount, files.length)}</p>}
        </>
      )}
      {failed.length > 0 && (
        <div role='alert'>
          <p class='message-text'>{strings.deletion.failed(failed.length)}</p>
          <FileNames names={failed.map(({ file, message }) => `${file.path}: ${message}`)} />
        </div>
      )}
      <div class='dialog-actions'>
        <button type='button' onClick={onClose}>{doneCount === undefined ? strings.cancel : strings.close}</button>
        {files !== undefined && files.length > 0 && doneCount === undefined && (
          <button type='button' class='danger' onClick={() => start(files)}>{strings.deletion.confirm(files.length)}</button>
        )}
      </div>
    </Dialog>
  )
}

function FileNames ({ names }: { names: readonly string[] }) {
  return (
    <ul class='names'>
      {names.slice(0, NAMED).map((name, index) => <li key={index}>{name}</li>)}
      {names.length > NAMED && <li class='hint'>{strings.deletion.more(names.length - NAMED)}</li>}
    </ul>
  )
}
