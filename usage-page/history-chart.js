/** @import { UsageDay, UsageHistory } from '../schemas/usage-history.js' */
import { element, make, write } from './elements.js'
import { dayInWords, exactCount, exactSize, humanSize, shortDay } from './figures.js'

const FILLED = 'The end of the day was missed: these figures are later ones.'
// Ticks mark days, never hours.
const TICK_DAYS = [1, 2, 3, 5, 7, 10, 15, 30, 60, 90, 180, 360]
const DAY_SECONDS = 86_400

/** The chart of what was stored at the end of each day, the figures under the pointer, and the same as a table. */
export class HistoryChart {
  /** @type {readonly UsageDay[]} */
  #days = []
  /** @type {uPlot | undefined} */
  #chart
  #place = element('history-chart', HTMLElement)

  constructor () {
    new ResizeObserver(() => { this.#chart?.setSize(this.#size()) }).observe(this.#place)
    // The line is drawn on a canvas, to which style sheets do not apply.
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { this.#chart?.redraw(false) })
  }

  /** @param {UsageHistory} history */
  show ({ days }) {
    this.#days = days
    const hasLine = days.length > 1
    this.#place.hidden = !hasLine
    element('history-days', HTMLDetailsElement).hidden = !hasLine
    write('history-empty', hasLine ? '' : 'What is stored is kept at the end of each day: the line begins tomorrow.')
    element('history-empty', HTMLElement).hidden = hasLine
    element('history-rows', HTMLTableSectionElement).replaceChildren(...days.toReversed().map(row))
    this.#chart?.destroy()
    this.#chart = undefined
    if (hasLine) {
      this.#place.setAttribute('aria-label', description(days))
      this.#chart = this.#draw()
    }
    this.#read(undefined)
  }

  #size () {
    return { width: this.#place.clientWidth, height: this.#place.clientHeight }
  }

  #draw () {
    const quiet = () => colour('--quiet')
    const grid = { stroke: () => colour('--rule'), width: 1 }
    const axis = { stroke: quiet, font: `12px ${getComputedStyle(this.#place).fontFamily}`, ticks: { show: false } }
    return new uPlot({
      ...this.#size(),
      legend: { show: false },
      // The newest day's label is centred on the end of the line.
      padding: [8, 28, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 9, width: 2, fill: () => colour('--ground') } },
      // Days are in UTC; local midnight may belong to another day.
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      scales: { y: { range: (_chart, _least, most) => [0, most === 0 ? 1 : most * 1.05] } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 32,
          gap: 10,
          space: 72,
          incrs: TICK_DAYS.map((days) => days * DAY_SECONDS),
          values: (_chart, ticks) => ticks.map((tick) => shortDay(tick * 1000)),
        },
        { ...axis, grid, size: 72, space: 44, values: (_chart, ticks) => ticks.map((tick) => humanSize(tick)) },
      ],
      series: [{}, {
        stroke: () => colour('--accent'),
        fill: () => colour('--accent-wash'),
        width: 2,
        points: { show: this.#days.length <= 40, size: 5, fill: () => colour('--accent'), filter: this.#ownDays },
      }],
      hooks: { setCursor: [({ cursor }) => { this.#read(cursor.idx ?? undefined) }] },
    }, [
      this.#days.map(({ date }) => Date.parse(date) / 1000),
      this.#days.map(({ totalBytes }) => totalBytes),
    ], this.#place)
  }

  /** A filled day was not measured at its end, so the line has no point there. */
  #ownDays = () => this.#days.flatMap(({ isFilled }, index) => isFilled ? [] : [index])

  /**
   * Shows the figures of a day, or of the newest one.
   *
   * @param {number | undefined} index
   */
  #read (index) {
    const day = this.#days[index ?? this.#days.length - 1]
    const reading = element('history-reading', HTMLElement)
    if (day === undefined) return reading.replaceChildren()
    reading.replaceChildren(
      make('span', 'size', humanSize(day.totalBytes)), ` ${dayInWords(day.date)}, `,
      make('span', '', exactSize(day.totalBytes)), day.isFilled ? `. ${FILLED}` : '')
  }
}

/**
 * @param {UsageDay} day
 * @returns {HTMLTableRowElement}
 */
function row ({ date, totalBytes, fileCount, isFilled }) {
  const name = make('th', '', dayInWords(date), ...isFilled ? [make('span', 'hint', ` (${FILLED})`)] : [])
  name.scope = 'row'
  return make('tr', '', name, make('td', 'number', exactCount(totalBytes)), make('td', 'number', exactCount(fileCount)))
}

/**
 * What the line shows, for anyone who cannot see it.
 *
 * @param {readonly UsageDay[]} days
 * @returns {string}
 */
function description (days) {
  const ends = [days[0], days[days.length - 1]].flatMap((day) =>
    day === undefined ? [] : [`${humanSize(day.totalBytes)} on ${dayInWords(day.date)}`])
  return `Bytes stored, day by day: ${ends.join(', ')}.`
}

/** @param {string} variable */
function colour (variable) {
  return getComputedStyle(document.documentElement).getPropertyValue(variable)
}
