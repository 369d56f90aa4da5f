/**
 * @import { WorkflowUsage } from '../schemas/storage-usage.js'
 * @typedef {'workflowName' | 'fileCount' | 'bytes'} Column
 */
import { element, make } from './elements.js'
import { exactCount, exactSize, humanSize, share } from './figures.js'

const byName = new Intl.Collator('en', { numeric: true })

/** The table of workflows, in the order that the reader chose: initially the largest first. */
export class WorkflowTable {
  /** @type {Column} */
  #column = 'bytes'
  #isDescending = true
  /** @type {readonly WorkflowUsage[]} */
  #workflows = []
  #rows = element('workflow-rows', HTMLTableSectionElement)
  /** @type {Map<Column, Element>} */
  #headers = new Map()

  constructor () {
    const table = element('workflows', HTMLTableElement)
    for (const column of /** @type {const} */ (['workflowName', 'fileCount', 'bytes'])) {
      const header = table.querySelector(`[data-column=${column}]`)
      if (header === null) throw new Error(`The table has no column ${column}.`)
      this.#headers.set(column, header)
      header.querySelector('button')?.addEventListener('click', () => { this.#sortBy(column) })
    }
  }

  /** The workflows in the table's order. */
  get workflows () {
    return this.#workflows
  }

  /** @param {readonly WorkflowUsage[]} workflows */
  show (workflows) {
    const sign = this.#isDescending ? -1 : 1
    this.#workflows = workflows.toSorted((one, other) =>
      sign * compare(one, other, this.#column) || compareText(one.workflowId, other.workflowId))
    const totalBytes = workflows.reduce((sum, { bytes }) => sum + bytes, 0)
    const largestBytes = workflows.reduce((largest, { bytes }) => Math.max(largest, bytes), 0)
    this.#rows.replaceChildren(...this.#workflows.map((workflow) => row(workflow, totalBytes, largestBytes)))
    element('workflows', HTMLTableElement).hidden = workflows.length === 0
    element('workflows-empty', HTMLElement).hidden = workflows.length > 0
    element('export', HTMLButtonElement).disabled = workflows.length === 0
  }

  /** @param {Column} column */
  #sortBy (column) {
    // Names start from A, figures from the largest; choosing the column again reverses the order.
    this.#isDescending = column === this.#column ? !this.#isDescending : column !== 'workflowName'
    this.#column = column
    for (const [name, header] of this.#headers) {
      if (name === column) header.setAttribute('aria-sort', this.#isDescending ? 'descending' : 'ascending')
      else header.removeAttribute('aria-sort')
    }
    this.show(this.#workflows)
  }
}

/**
 * @param {WorkflowUsage} one
 * @param {WorkflowUsage} other
 * @param {Column} column
 * @returns {number}
 */
function compare (one, other, column) {
  return column === 'workflowName' ? byName.compare(one.workflowName, other.workflowName) : one[column] - other[column]
}

/**
 * @param {string} one
 * @param {string} other
 * @returns {number}
 */
function compareText (one, other) {
  return one < other ? -1 : Number(one > other)
}

/**
 * A workflow's row: the length of its bar is its share of the largest workflow.
 *
 * @param {WorkflowUsage} workflow
 * @param {number} totalBytes
 * @param {number} largestBytes
 * @returns {HTMLTableRowElement}
 */
function row ({ workflowName, bytes, fileCount }, totalBytes, largestBytes) {
  const bar = make('span', 'bar-filled')
  bar.style.inlineSize = `${largestBytes === 0 ? 0 : 100 * bytes / largestBytes}%`
  const track = make('span', 'bar', bar)
  track.ariaHidden = 'true'
  const name = make('th', 'workflow', make('span', 'workflow-name', workflowName), track)
  name.scope = 'row'
  return make('tr', '',
    name,
    make('td', 'number', exactCount(fileCount)),
    make('td', 'number',
      make('span', 'size', humanSize(bytes)), ' ', make('span', 'share', share(bytes, totalBytes)),
      make('br', ''), make('span', 'exact', exactSize(bytes))),
  )
}
