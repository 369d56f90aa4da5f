import { exactSize, humanSize, localMinute, localTime } from '../text/figures.js'
import { strings } from '../text/strings.js'

/** A size in a readable unit, with the exact number of bytes in its title and for screen readers. */
export function Size ({ bytes }: { bytes: number }) {
  return <span class='size' title={exactSize(bytes)}>{humanSize(bytes)}</span>
}

/** A time in the reader's time zone; null means unknown. */
export function Time ({ at, isShort = false }: { at: string | null, isShort?: boolean }) {
  if (at === null) return <span class='hint'>{strings.run.found}</span>
  return <time dateTime={at} title={at}>{isShort ? localMinute(at) : localTime(at)}</time>
}

/** Shows a part of a whole, which is the track. It repeats a figure that is beside it. */
export function Bar ({ part, whole }: { part: number, whole: number }) {
  const percent = whole === 0 ? 0 : Math.min(100, 100 * part / whole)
  return (
    <span class='bar' aria-hidden='true'>
      <span class='bar-filled' style={{ inlineSize: `${percent}%` }} />
    </span>
  )
}

/** The beginning of an id, which is enough for people to tell ids apart; the whole id is in its title. */
export function ShortId ({ id }: { id: string }) {
  return <code class='id' title={id}>{id.slice(0, 8)}</code>
}
