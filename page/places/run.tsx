import { useMemo, useState } from 'preact/hooks'
import { DropZone } from '../parts/drop-zone.js'
import { FileList } from '../parts/file-list.js'
import { FilePanel } from '../parts/file-panel.js'
import { Failure, Skeleton } from '../parts/message.js'
import { RunEmpty } from '../parts/run-empty.js'
import { RunTools } from '../parts/run-tools.js'
import { SelectionBar } from '../parts/selection-bar.js'
import { Way } from '../parts/way.js'
import { folderOf, nameOf } from '../state/address.js'
import { type ListedFiles, useRunFiles } from '../state/run-files.js'
import { useSelection } from '../state/selection.js'
import { type RunSum, useRunSum } from '../state/use-run-sum.js'
import type { Direction } from '../state/answers.js'
import type { Uploads } from '../state/uploads.js'
import { useWorkflowName } from '../state/workflow-name.js'
import { exactSize, fileCountInWords, humanSize } from '../text/figures.js'
import { strings } from '../text/strings.js'
import { PlaceHead } from './place-head.js'

interface RunProps {
  workflowId: string
  runId: string
  /** A folder, which ends with a slash, a file, or empty. */
  path: string
  /** Which of the files with this path, unless it is the first. */
  nth?: number | undefined
  uploads: Uploads
}

/** A run: its folders and files, the preview of one file beside the list, and everything that can be done with them. */
export function Run ({ workflowId, runId, path, nth, uploads }: RunProps) {
  const folder = folderOf(path)
  const run = useMemo(() => ({ workflowId, runId }), [workflowId, runId])
  const [direction, setDirection] = useState<Direction>('inputs')
  const [filter, setFilter] = useState({ folder, beginning: '' })
  // A search in one folder does not carry over to another.
  const beginning = filter.folder === folder ? filter.beginning : ''
  const list = useRunFiles(run, folder, beginning)
  const sum = useRunSum(run, folder, beginning === '' ? list.entries : undefined, list.hasMore)
  const selection = useSelection(folder)
  const target = { ...run, direction, folder }
  const isFile = path !== folder
  return (
    <DropZone onFiles={(files) => { uploads.add(files, target) }}>
      <PlaceHead
        title={path === '' ? strings.run.heading(runId) : nameOf(path)} isReading={list.isReading} way={<RunWay {...run} path={path} />}
        heading={folder === '' ? strings.run.heading(runId) : nameOf(folder)} figures={<Sum sum={sum} />}
        actions={(
          <RunTools
            run={run} folder={folder} isEmpty={list.entries?.length === 0} direction={direction} onDirection={setDirection}
            onFiles={(files) => { uploads.add(files, target) }}
          />
        )}
      >
        <Failure error={list.error} isFromBefore={list.entries !== undefined} onRetry={list.readAgain} />
        <div class={isFile ? 'beside with-file' : 'beside'}>
          <div class='list'>
            <FilesOf
              list={list} run={run} path={path} nth={nth} selection={selection}
              beginning={beginning} onBeginning={(text) => { setFilter({ folder, beginning: text }) }}
            />
          </div>
          {isFile && <FilePanel run={run} path={path} nth={nth} listed={list.entries} />}
        </div>
      </PlaceHead>
    </DropZone>
  )
}

function Sum ({ sum }: { sum: RunSum | undefined }) {
  if (sum === undefined) return null
  return <span id='sum'>{fileCountInWords(sum.fileCount)}, <span title={exactSize(sum.bytes)}>{humanSize(sum.bytes)}</span></span>
}

interface FilesOfProps {
  list: ListedFiles
  run: { workflowId: string, runId: string }
  path: string
  nth: number | undefined
  beginning: string
  onBeginning: (text: string) => void
  selection: ReturnType<typeof useSelection>
}

function FilesOf ({ list, run, path, nth, beginning, onBeginning, selection }: FilesOfProps) {
  const folder = folderOf(path)
  const { entries } = list
  if (entries === undefined) return list.error === undefined ? <Skeleton rows={8} /> : null
  const isUnfiltered = beginning === ''
  if (entries.length === 0 && isUnfiltered) {
    return folder === '' ? <RunEmpty run={run} /> : <p class='empty'>{strings.run.emptyFolder}</p>
  }
  return (
    <>
      <div class='list-head'>
        <label class='visually-hidden' for='beginning'>{strings.run.filter}</label>
        <input
          id='beginning' type='search' class='search' placeholder={strings.run.filter} value={beginning}
          onInput={({ currentTarget }) => { onBeginning(currentTarget.value) }}
        />
        <span class='hint' role='status'>{strings.run.shown(entries.length, list.hasMore)}</span>
      </div>
      {selection.entries.length > 0 && <SelectionBar run={run} selection={selection} />}
      {entries.length === 0
        ? <p class='empty'>{strings.run.noneHere}</p>
        : <FileList list={list} entries={entries} run={run} path={path} nth={nth} selection={selection} />}
    </>
  )
}

function RunWay ({ workflowId, runId, path }: { workflowId: string, runId: string, path: string }) {
  const name = useWorkflowName(workflowId)
  const folders = folderOf(path).split('/').slice(0, -1)
  return (
    <Way
      label={strings.file.where} steps={[
        { name: strings.places.overview, to: { name: 'overview' } },
        { name: name === workflowId ? strings.run.workflow(workflowId) : name, title: name, to: { name: 'workflow', workflowId } },
        { name: strings.run.heading(runId), title: runId, to: { name: 'run', workflowId, runId, path: '' } },
        ...folders.map((folder, index) => ({
          name: folder, title: folder, to: { name: 'run' as const, workflowId, runId, path: `${folders.slice(0, index + 1).join('/')}/` },
        })),
      ]}
    />
  )
}
