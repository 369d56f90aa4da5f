import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { type ChosenFile, filesOfDrop } from '../state/dropped-files.js'
import { strings } from '../text/strings.js'

/** Takes files and folders that are dropped anywhere on what it holds. Buttons do the same for who cannot drag. */
export function DropZone ({ onFiles, children }: { onFiles: (files: ChosenFile[]) => void, children: ComponentChildren }) {
  const [isOver, setIsOver] = useState(false)
  const [unreadable, setUnreadable] = useState<readonly string[]>([])
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true
  const over = (event: DragEvent) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    setIsOver(true)
  }
  const drop = async (event: DragEvent) => {
    if (!hasFiles(event) || event.dataTransfer === null) return
    event.preventDefault()
    setIsOver(false)
    const dropped = await filesOfDrop(event.dataTransfer)
    setUnreadable(dropped.unreadable)
    onFiles(dropped.files)
  }
  return (
    <div class={isOver ? 'drop-zone over' : 'drop-zone'} onDragOver={over} onDragLeave={() => { setIsOver(false) }} onDrop={drop}>
      {isOver && <p class='drop-hint' aria-hidden='true'>{strings.run.drop}</p>}
      <div class='message' role='alert'>
        {unreadable.length > 0 && <p class='message-text'>{strings.run.unreadable(unreadable)}</p>}
      </div>
      {children}
    </div>
  )
}
