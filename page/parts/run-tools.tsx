import { useEffect, useRef, useState } from 'preact/hooks'
import type { Direction } from '../state/answers.js'
import { downloadArchive } from '../state/archive.js'
import { type ChosenFile, filesOfList } from '../state/dropped-files.js'
import { ServiceError, useService } from '../state/service.js'
import { strings } from '../text/strings.js'
import { Failure } from './message.js'
import { ShareDialog } from './share-dialog.js'

interface RunToolsProps {
  run: { workflowId: string, runId: string }
  folder: string
  isEmpty: boolean
  direction: Direction
  onDirection: (direction: Direction) => void
  onFiles: (files: ChosenFile[]) => void
}

/** What can be done with a run, or a folder of it, as a whole. */
export function RunTools ({ run, folder, isEmpty, direction, onDirection, onFiles }: RunToolsProps) {
  const service = useService()
  const [isSharing, setIsSharing] = useState(false)
  const [error, setError] = useState<ServiceError>()
  const name = folder === '' ? strings.run.heading(run.runId) : folder
  const archive = () => {
    setError(undefined)
    downloadArchive(service, { ...run, prefix: folder }, strings.run.archiveOf(name)).catch((failure: unknown) => {
      if (!(failure instanceof ServiceError)) throw failure
      setError(failure)
    })
  }
  return (
    <>
      <button type='button' disabled={isEmpty} onClick={archive}>{strings.run.archive}</button>
      <button type='button' onClick={() => { setIsSharing(true) }}>{strings.run.shareRun}</button>
      <span class='upload-tools'>
        <label class='choice'>{strings.run.uploadAs}{' '}
          <select value={direction} onChange={({ currentTarget }) => { onDirection(currentTarget.value === 'outputs' ? 'outputs' : 'inputs') }}>
            <option value='inputs'>{strings.run.input}</option><option value='outputs'>{strings.run.output}</option>
          </select>
        </label>
        <FileField id='upload-folder' name={strings.run.uploadFolder} isFolder onFiles={onFiles} />
        <FileField id='upload-files' name={strings.run.uploadFiles} onFiles={onFiles} />
      </span>
      <Failure error={error} />
      {isSharing && <ShareDialog what={{ ...run, prefix: folder }} name={name} onClose={() => { setIsSharing(false) }} />}
    </>
  )
}

interface FileFieldProps {
  id: string
  name: string
  isFolder?: boolean
  onFiles: (files: ChosenFile[]) => void
}

/** A button that lets files, or a folder, be chosen. */
function FileField ({ id, name, isFolder = false, onFiles }: FileFieldProps) {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => { if (field.current !== null) field.current.webkitdirectory = isFolder }, [isFolder])
  return (
    <>
      <button type='button' class={isFolder ? undefined : 'primary'} onClick={() => { field.current?.click() }}>{name}</button>
      <input
        id={id} ref={field} type='file' multiple hidden aria-label={name}
        onChange={({ currentTarget }) => {
          onFiles(filesOfList(currentTarget.files ?? []))
          // The same may be chosen again.
          currentTarget.value = ''
        }}
      />
    </>
  )
}
