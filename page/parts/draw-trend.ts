import UPlot from 'uplot'
import type { Trend } from '../state/trend.js'
import { humanSize, shortDay } from '../text/figures.js'
import { remPx } from './rem.js'

// Ticks mark days, never hours.
const TICK_DAYS = [1, 2, 3, 5, 7, 10, 15, 30, 60, 90, 180, 360]
const DAY_SECONDS = 86_400

function colour (variable: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(variable)
}

/** One line that is filled below, or layers on top of each other, each filled down to the axis and behind those below it. */
function linesOf ({ days, layers }: Trend): Array<{ bytes: number[], fill: () => string, stroke: () => string }> {
  if (layers.length === 0) {
    return [{
      bytes: days.map(({ totalBytes }) => totalBytes), fill: () => colour('--accent-wash'), stroke: () => colour('--accent'),
    }]
  }
  const heights = days.map(() => 0)
  return layers.map(({ bytes }, index) => {
    for (const [day, size] of bytes.entries()) heights[day] = (heights[day] ?? 0) + size
    // The last layer is what is left of the total.
    return { bytes: [...heights], fill: () => colour(`--layer-${index}`), stroke: () => colour('--ground') }
  }).reverse()
}

/**
 * Draws what was stored day by day.
 *
 * @param onDay called with the day under the pointer; undefined if there is none
 */
export function drawTrend (place: HTMLElement, trend: Trend, onDay: (index: number | undefined) => void): UPlot {
  const { days } = trend
  const lines = linesOf(trend)
  const grid = { stroke: () => colour('--rule'), width: 1 }
  const rem = remPx()
  const axis = { stroke: () => colour('--quiet'), font: `${0.75 * rem}px ${getComputedStyle(place).fontFamily}`, ticks: { show: false } }
  // A filled day was not measured at its end, so the line has no point there.
  const measured = days.flatMap(({ isFilled }, index) => isFilled ? [] : [index])
  return new UPlot({
    width: place.clientWidth,
    height: place.clientHeight,
    legend: { show: false },
    // The newest day's label is centred on the end of the line.
    padding: [0.5 * rem, 1.75 * rem, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: lines.length === 1, size: 9, width: 2, fill: () => colour('--ground') } },
    // Days are in UTC; local midnight may belong to another day.
    tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    scales: { y: { range: (_chart, _least, most) => [0, most === 0 ? 1 : most * 1.05] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 2 * rem,
        gap: 0.625 * rem,
        space: 4.5 * rem,
        incrs: TICK_DAYS.map((count) => count * DAY_SECONDS),
        values: (_chart, ticks) => ticks.map((tick) => shortDay(tick * 1000)),
      },
      { ...axis, grid, size: 4.5 * rem, space: 2.75 * rem, values: (_chart, ticks) => ticks.map((tick) => humanSize(tick)) },
    ],
    series: [{}, ...lines.map(({ fill, stroke }) => ({
      stroke,
      fill,
      width: lines.length === 1 ? 2 : 1,
      points: lines.length === 1 && days.length <= 40 ? { size: 5, fill: () => colour('--accent'), filter: () => measured } : { show: false },
    }))],
    hooks: { setCursor: [({ cursor }) => { onDay(cursor.idx ?? undefined) }] },
  }, [days.map(({ date }) => Date.parse(date) / 1000), ...lines.map(({ bytes }) => bytes)], place)
}
