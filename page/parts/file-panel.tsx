import { useState } from 'preact/hooks'
import { folderOf, nameOf } from '../state/address.js'
import type { RunFile } from '../state/answers.js'
import { inlineAddress } from '../state/read-beginning.js'
import { goTo } from '../state/router.js'
import type { Entry } from '../state/entry.js'
import { useAnswer } from '../state/use-answer.js'
import { exactSize, humanSize, localTime } from '../text/figures.js'
import { strings } from '../text/strings.js'
import { CopyButton } from './copy-button.js'
import { DeleteDialog } from './delete-dialog.js'
import { Failure, Skeleton } from './message.js'
import { PlaceLink } from './place-link.js'
import { Preview } from './preview.js'
import { ShareDialog } from './share-dialog.js'

interface FilePanelProps {
  run: { workflowId: string, runId: string }
  path: string
  /** Which of the files with this path, unless it is the first. */
  nth: number | undefined
  /** The entries in the list beside it. */
  listed: readonly Entry[] | undefined
}

/** One file: its preview, what is known about it, and everything that can be done with it. */
export function FilePanel ({ run, path, nth = 1, listed }: FilePanelProps) {
  const inList = listed?.filter((entry) => entry.kind === 'file' && entry.path === path)[nth - 1]
  const { data, error, readAgain } = useAnswer(async (service, signal) => {
    const page = await service.ask((client, ended) => client.GET('/api/v1/objects', {
      params: { query: { ...run, prefix: path, limit: Math.min(nth, 100) } }, signal: ended,
    }), signal)
    // Other entries may begin with the same name, but the file comes before them.
    return 'files' in page ? page.files.filter((file) => file.path === path)[nth - 1] ?? null : null
  }, [run, path, nth])
  const file = inList?.kind === 'file' ? inList.file : data ?? undefined
  return (
    <section class='panel' aria-label={strings.file.details}>
      <div class='panel-head'>
        <h2>{nameOf(path)}</h2>
        <PlaceLink className='button' to={{ name: 'run', ...run, path: folderOf(path) }}>{strings.file.back}</PlaceLink>
      </div>
      <Failure error={file === undefined ? error : undefined} onRetry={readAgain} />
      {file === undefined && error === undefined && (data === null ? <p class='empty'>{strings.file.missing}</p> : <Skeleton rows={6} />)}
      {file !== undefined && <FileDetails key={file.objectKey} run={run} file={file} />}
    </section>
  )
}

function FileDetails ({ run, file }: { run: { workflowId: string, runId: string }, file: RunFile }) {
  const [open, setOpen] = useState<'share' | 'delete'>()
  const close = () => { setOpen(undefined) }
  const { data: link } = useAnswer(async (service, signal) => {
    const { results } = await service.ask((client, ended) => client.POST('/api/v1/objects/links', {
      body: { objectKeys: [file.objectKey] }, signal: ended,
    }), signal)
    return results[0]?.link ?? null
  }, [file.objectKey])
  return (
    <>
      <div class='panel-actions'>
        <a class='button primary' href={file.downloadUrl} download={file.fileName}>{strings.file.download}</a>
        <CopyButton text={file.downloadUrl} name={strings.file.copyLink} done={strings.file.linkCopied} />
        <button type='button' onClick={() => { setOpen('share') }}>{strings.file.share}</button>
        <a class='button' href={inlineAddress(file.objectKey)} target='_blank' rel='noopener noreferrer'>{strings.file.open}</a>
        <button type='button' class='danger' onClick={() => { setOpen('delete') }}>{strings.file.delete}</button>
      </div>
      {link === undefined
        ? <Skeleton rows={4} />
        : <Preview objectKey={file.objectKey} fileName={file.fileName} contentType={link?.contentType ?? ''} />}
      <Facts file={file} contentType={link?.contentType} />
      {open === 'share' && <ShareDialog what={{ objectKey: file.objectKey }} name={file.fileName} onClose={close} />}
      {open === 'delete' && (
        <DeleteDialog
          run={run} entries={[{ kind: 'file', path: file.path, file }]} onClose={close}
          onDone={() => { goTo({ name: 'run', ...run, path: folderOf(file.path) }, { replace: true }) }}
        />
      )}
    </>
  )
}

function Facts ({ file, contentType }: { file: RunFile, contentType: string | undefined }) {
  const facts = [
    [strings.run.size, `${humanSize(file.bytes)}, ${exactSize(file.bytes)}`],
    [strings.file.mediaType, contentType],
    [strings.run.direction, file.direction === 'inputs' ? strings.run.input : strings.run.output],
    [strings.run.time, file.createdAt === null ? strings.run.found : localTime(file.createdAt)],
    [strings.run.creator, file.createdBy],
    [strings.file.where, file.path],
    ['SHA-256', file.sha256],
    ['MD5', file.md5],
    ['CRC-32C', file.crc32c],
  ]
  return (
    <dl class='facts'>
      {facts.map(([name, value]) => value !== undefined && <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
    </dl>
  )
}
