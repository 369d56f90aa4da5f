import type { StorageUsage } from '../state/answers.js'
import { latenessOf } from '../state/lateness.js'
import { strings } from '../text/strings.js'
import { Time } from './figures.js'

/** How fresh the figures are, and what they do not include. */
export function Freshness ({ usage }: { usage: StorageUsage }) {
  const { asOf, reconciledAt, unfinishedBytes } = usage
  const latenessMs = latenessOf(usage)
  return (
    <p class='freshness' id='freshness'>
      {asOf === null ? strings.usage.none : <>{strings.usage.upTo}<Time at={asOf} />.</>}
      {latenessMs !== undefined && <> <strong class='late'>{strings.usage.late(latenessMs)}</strong></>}
      {' '}{reconciledAt === null ? strings.usage.notReconciled : <>{strings.usage.reconciled}<Time at={reconciledAt} />.</>}
      {unfinishedBytes !== null && unfinishedBytes > 0 && ` ${strings.usage.unfinished(unfinishedBytes)}`}
    </p>
  )
}
