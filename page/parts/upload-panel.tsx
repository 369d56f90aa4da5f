import { useEffect } from 'preact/hooks'
import { announce } from '../state/announcements.js'
import { type FailedUpload, type Uploads, useUploads } from '../state/uploads.js'
import { exactSize } from '../text/figures.js'
import { strings } from '../text/strings.js'

/** How many failures are listed. */
const LISTED = 100

/** How far uploads have come, wherever in the page one is, and what has failed. */
export function UploadPanel ({ uploads }: { uploads: Uploads }) {
  const { fileCount, doneCount, sizeBytes, sentBytes, sending, failed, isBusy } = useUploads(uploads)
  const isDone = fileCount > 0 && !isBusy
  useEffect(() => {
    if (isDone) announce([strings.uploads.done(doneCount, sentBytes), ...failed.length > 0 ? [strings.uploads.failed(failed.length)] : []].join(' '))
  }, [isDone])
  if (fileCount === 0) return null
  const percent = sizeBytes === 0 ? (isBusy ? 0 : 100) : Math.floor(100 * sentBytes / sizeBytes)
  return (
    <section id='uploads' class='uploads' aria-labelledby='uploads-heading'>
      <div class='panel-head'>
        <h2 id='uploads-heading'>{strings.uploads.heading}</h2>
        {isBusy
          ? <button type='button' onClick={() => { uploads.cancel(strings.uploads.cancelled) }}>{strings.uploads.cancel}</button>
          : <button type='button' onClick={() => { uploads.dismiss() }}>{strings.uploads.dismiss}</button>}
      </div>
      <p id='uploads-progress'>{isBusy ? strings.uploads.progress(doneCount, fileCount, sentBytes, sizeBytes) : strings.uploads.done(doneCount, sentBytes)}</p>
      <progress aria-labelledby='uploads-heading' max={100} value={percent} />
      {sending.map((path, index) => <p key={index} class='uploading' title={path}>{path}</p>)}
      {failed.length > 0 && <Failed failed={failed} onRetry={() => { uploads.retry() }} />}
    </section>
  )
}

function Failed ({ failed, onRetry }: { failed: readonly FailedUpload[], onRetry: () => void }) {
  const advice = new Set(failed.flatMap(({ failure }) => strings.errors.advice(failure.code) ?? []))
  return (
    <>
      <div class='failed-head'>
        <strong>{strings.uploads.failed(failed.length)}</strong>
        <button type='button' onClick={onRetry}>{strings.uploads.retryAll}</button>
      </div>
      {[...advice].map((text) => <p key={text} class='hint'>{text}</p>)}
      <ul class='failed'>
        {failed.slice(0, LISTED).map(({ path, sizeBytes, failure }, index) => (
          <li key={index}>
            <span class='failed-name' title={exactSize(sizeBytes)}>{path}</span>
            <span class='hint'>{failure.message}</span>
          </li>
        ))}
      </ul>
    </>
  )
}
