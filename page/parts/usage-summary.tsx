import type { StorageUsage } from '../state/answers.js'
import { exactSize, fileCountInWords, humanSize, share } from '../text/figures.js'
import { strings } from '../text/strings.js'
import { PlaceLink } from './place-link.js'

interface UsageSummaryProps {
  usage: StorageUsage
  /** A member's own part. */
  own: { userId: string, usage: StorageUsage } | undefined
}

/** The totals, the quota and how much of it is left, and inputs against outputs. */
export function UsageSummary ({ usage, own }: UsageSummaryProps) {
  const { totalBytes, fileCount, quotaBytes } = usage
  return (
    <section class='overview' aria-labelledby='total-heading'>
      <div>
        <h2 id='total-heading'>{strings.usage.total}</h2>
        <p id='total-size' class='total'>{humanSize(totalBytes)}</p>
        <p class='exact'><span id='total-bytes'>{exactSize(totalBytes)}</span><br /><span id='total-files'>{fileCountInWords(fileCount)}</span></p>
      </div>
      {own !== undefined && (
        <div id='own-part'>
          <h2>{strings.usage.yours}</h2>
          <p class='total second'>
            <PlaceLink to={{ name: 'user', userId: own.userId }}>{humanSize(own.usage.totalBytes)}</PlaceLink>
          </p>
          <p class='exact'>
            {exactSize(own.usage.totalBytes)}<br />
            {fileCountInWords(own.usage.fileCount)}, {strings.usage.yoursOf(share(own.usage.totalBytes, totalBytes))}
          </p>
        </div>
      )}
      <div class='overview-bars'>
        {quotaBytes !== undefined && <Quota usedBytes={totalBytes} quotaBytes={quotaBytes} />}
        <Split {...usage} />
      </div>
    </section>
  )
}

function Quota ({ usedBytes, quotaBytes }: { usedBytes: number, quotaBytes: number }) {
  const leftBytes = Math.max(0, quotaBytes - usedBytes)
  const ratio = quotaBytes === 0 ? 1 : usedBytes / quotaBytes
  const level = ratio >= 0.95 ? 'alarm' : ratio >= 0.8 ? 'warning' : 'calm'
  return (
    <div id='quota' class={`quota ${level}`}>
      <h2>{strings.usage.quota}</h2>
      <div
        class='meter' role='meter' aria-label={strings.usage.quota} aria-valuemin={0} aria-valuemax={quotaBytes}
        aria-valuenow={Math.min(usedBytes, quotaBytes)}
        aria-valuetext={strings.usage.quotaUsed(exactSize(usedBytes), exactSize(quotaBytes))}
      >
        <span style={{ inlineSize: `${Math.min(100, 100 * ratio)}%` }} />
      </div>
      <p>
        <span class='size'>{strings.usage.quotaUsed(humanSize(usedBytes), humanSize(quotaBytes))}</span> <span class='share'>{share(usedBytes, quotaBytes)}</span>
      </p>
      {level !== 'calm' && (
        <p class='late' id='quota-warning'>
          {leftBytes === 0 ? strings.usage.quotaFull : level === 'alarm' ? strings.usage.quotaAlmost(leftBytes) : strings.usage.quotaSoon(leftBytes)}
        </p>
      )}
    </div>
  )
}

function Split ({ totalBytes, inputBytes, outputBytes }: StorageUsage) {
  const parts = [
    { name: 'input', title: strings.usage.inputs, bytes: inputBytes }, { name: 'output', title: strings.usage.outputs, bytes: outputBytes },
  ]
  return (
    <div>
      <h2>{strings.usage.split}</h2>
      <div class='split' aria-hidden='true'>
        {parts.map(({ name, bytes }) => bytes > 0 && <span key={name} class={`split-${name}s`} style={{ flexGrow: bytes / totalBytes }} />)}
      </div>
      <dl class='legend'>
        {parts.map(({ name, title, bytes }) => (
          <div key={name} class={`legend-${name}s`}>
            <dt>{title}</dt>
            <dd>
              <span id={`${name}-size`} class='size'>{humanSize(bytes)}</span> <span id={`${name}-share`} class='share'>{share(bytes, totalBytes)}</span>
              <br /><span id={`${name}-bytes`} class='exact'>{exactSize(bytes)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  )
}
