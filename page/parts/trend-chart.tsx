import { useEffect, useRef, useState } from 'preact/hooks'
import type { Trend } from '../state/trend.js'
import { dayInWords, exactCount, exactSize, humanSize } from '../text/figures.js'
import { strings } from '../text/strings.js'
import { drawTrend } from './draw-trend.js'

/** What was stored day by day: as a chart that shows figures under the pointer, and as a table. */
export function TrendChart ({ trend }: { trend: Trend }) {
  const place = useRef<HTMLDivElement>(null)
  const [index, setIndex] = useState<number>()
  const { days, layers } = trend
  useEffect(() => {
    const { current } = place
    if (current === null) return
    const chart = drawTrend(current, trend, setIndex)
    const resizing = new ResizeObserver(() => { chart.setSize({ width: current.clientWidth, height: current.clientHeight }) })
    resizing.observe(current)
    // The line is drawn on a canvas, to which style sheets do not apply.
    const scheme = window.matchMedia('(prefers-color-scheme: dark)')
    const redraw = () => { chart.redraw(false) }
    scheme.addEventListener('change', redraw)
    return () => {
      resizing.disconnect()
      scheme.removeEventListener('change', redraw)
      chart.destroy()
    }
  }, [trend])

  const at = index ?? days.length - 1
  const day = days[at]
  return (
    <>
      <p id='history-reading' class='reading'>
        {day !== undefined && (
          <>
            <span class='size'>{humanSize(day.totalBytes)}</span> {dayInWords(day.date)}, <span>{exactSize(day.totalBytes)}</span>
            {day.isFilled && `. ${strings.trend.filled}`}
          </>
        )}
      </p>
      <div id='history-chart' class='chart' role='img' ref={place} aria-label={describe(trend)} />
      {layers.length > 0 && (
        <ul class='layers'>
          {layers.map(({ name, bytes }, layer) => (
            <li key={layer} class={`layer-${layer}`}><span class='layer-name' title={name}>{name}</span> <span class='size'>{humanSize(bytes[at] ?? 0)}</span></li>
          ))}
        </ul>
      )}
      <details id='history-days'>
        <summary>{strings.trend.table}</summary>
        <table class='days'>
          <thead>
            <tr>
              <th scope='col'>{strings.trend.day}</th><th scope='col' class='number'>{strings.trend.bytes}</th>
              <th scope='col' class='number'>{strings.trend.files}</th>
            </tr>
          </thead>
          <tbody id='history-rows'>
            {days.toReversed().map(({ date, totalBytes, fileCount, isFilled }) => (
              <tr key={date}>
                <th scope='row'>{dayInWords(date)}{isFilled && <span class='hint'> ({strings.trend.filled})</span>}</th>
                <td class='number'>{exactCount(totalBytes)}</td><td class='number'>{exactCount(fileCount)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  )
}

/** What the lines show, for anyone who cannot see them. */
function describe ({ days, layers }: Trend): string {
  const ends = [days[0], days[days.length - 1]].flatMap((day) =>
    day === undefined ? [] : [strings.trend.on(humanSize(day.totalBytes), dayInWords(day.date))])
  return [strings.trend.description(ends.join(', ')), ...layers.map(({ name }) => name)].join(' ')
}
