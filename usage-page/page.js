/** @import { StorageUsage } from '../schemas/storage-usage.js' */
import { workflowsAsCsv } from './csv.js'
import { element, make, write } from './elements.js'
import { HistoryChart } from './history-chart.js'
import { showOverview } from './overview.js'
import { mayBeAdmin, parseToken, takeTokenFromAddress } from './token.js'
import { ApiError, readStorageUsage, readUsageHistory } from './usage-api.js'
import { WorkflowTable } from './workflow-table.js'

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const NOT_A_TOKEN = 'This is not a token: a JSON Web Token is three parts of letters and digits with dots between them.'

/** The page, from opening to leaving. What it knows is in this object and in the document only, and goes with them. */
class UsagePage {
  /** @type {string | undefined} */
  #token
  /** @type {string | undefined} */
  #createdBy
  #fileName = ''
  #reading = new AbortController()
  #readingHistory = new AbortController()
  #table = new WorkflowTable()
  #chart = new HistoryChart()
  #tokenField = element('token', HTMLInputElement)
  #userField = element('created-by', HTMLInputElement)

  open () {
    onSubmit('entry', () => {
      const token = parseToken(this.#tokenField.value)
      if (token === undefined) this.#askForToken(NOT_A_TOKEN)
      else this.#enter(token)
    })
    onSubmit('filter', () => { this.#filter(this.#userField.value.trim().toLowerCase()) })
    onClick('everybody', () => {
      this.#filter('')
      this.#userField.focus()
    })
    onClick('refresh', () => this.#refresh())
    onClick('retry', () => this.#refresh())
    onClick('forget', () => { this.#askForToken() })
    onClick('export', () => { download(this.#fileName, workflowsAsCsv(this.#table.workflows)) })
    element('history', HTMLElement).addEventListener('change', () => this.#refreshHistory())
    // Following a link from the page to itself changes only the fragment.
    window.addEventListener('hashchange', () => { this.#receiveToken() })
    window.addEventListener('online', () => { if (this.#token !== undefined) this.#refresh() })
    if (!this.#receiveToken()) this.#askForToken()
  }

  /** Takes a token from the address, if it has one. */
  #receiveToken () {
    if (!new URLSearchParams(window.location.hash.slice(1)).has('token')) return false
    const token = takeTokenFromAddress()
    if (token === undefined) this.#askForToken(NOT_A_TOKEN)
    else this.#enter(token)
    return true
  }

  /**
   * Forgets the current token and everything shown with it, and asks for another.
   *
   * @param {string} [message] why, if something is wrong
   */
  #askForToken (message) {
    this.#reading.abort()
    this.#readingHistory.abort()
    this.#token = undefined
    this.#createdBy = undefined
    this.#userField.value = ''
    this.#tokenField.value = ''
    this.#table.show([])
    write('organisation', '')
    document.title = 'Storage usage'
    reveal('entry')
    hide('usage', 'actions')
    this.#say(message)
    this.#tokenField.focus()
  }

  /** @param {string} token */
  async #enter (token) {
    this.#token = token
    this.#createdBy = undefined
    this.#tokenField.value = ''
    this.#userField.value = ''
    element('filter', HTMLFormElement).hidden = !mayBeAdmin(token)
    hide('everybody', 'usage', 'entry')
    await this.#refresh()
  }

  /** @param {string} createdBy a user id; empty for everybody */
  #filter (createdBy) {
    const isUser = createdBy !== ''
    const isWrong = isUser && !uuid.test(createdBy)
    write('created-by-error', isWrong ? 'A user’s UUID is 32 hexadecimal digits in five groups: 8-4-4-4-12.' : '')
    this.#userField.ariaInvalid = String(isWrong)
    if (isWrong) return
    this.#createdBy = isUser ? createdBy : undefined
    this.#userField.value = createdBy
    element('everybody', HTMLButtonElement).hidden = !isUser
    this.#refresh()
  }

  /** Reads the figures and shows them. Of several concurrent readings, only the last is shown. */
  async #refresh () {
    const token = this.#token
    if (token === undefined) return
    this.#reading.abort()
    const reading = this.#reading = new AbortController()
    element('main', HTMLElement).ariaBusy = 'true'
    try {
      this.#show(await readStorageUsage(token, this.#createdBy, reading.signal))
      await this.#refreshHistory()
    } catch (error) {
      if (reading.signal.aborted) return
      if (!(error instanceof ApiError)) throw error
      this.#fail(error)
    } finally {
      if (reading === this.#reading) element('main', HTMLElement).ariaBusy = 'false'
    }
  }

  /** Reads the days of the chosen period and draws them. They are the organisation's totals, over all users. */
  async #refreshHistory () {
    this.#readingHistory.abort()
    const { signal } = this.#readingHistory = new AbortController()
    element('history', HTMLElement).hidden = this.#createdBy !== undefined
    const period = document.querySelector('input[name=period]:checked')
    if (this.#token === undefined || this.#createdBy !== undefined || !(period instanceof HTMLInputElement)) return
    try {
      this.#chart.show(await readUsageHistory(this.#token, Number(period.value), signal))
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof ApiError)) throw error
      this.#fail(error)
    }
  }

  /** @param {StorageUsage} usage */
  #show (usage) {
    const isFirst = element('usage', HTMLElement).hidden
    this.#fileName = `storage-usage-${usage.orgKey}${this.#createdBy === undefined ? '' : `-${this.#createdBy}`}.csv`
    write('organisation', usage.orgKey)
    document.title = `Storage usage of ${usage.orgKey}`
    showOverview(usage)
    this.#table.show(usage.breakdown)
    this.#say()
    hide('entry')
    reveal('usage', 'actions')
    write('status', `The usage of ${usage.orgKey} is shown.`)
    // The field that had the focus is gone.
    if (isFirst) element('heading', HTMLElement).focus()
  }

  /** @param {ApiError} error */
  #fail ({ statusCode, message }) {
    if (statusCode === 401) return this.#askForToken(message)
    const isFromBefore = !element('usage', HTMLElement).hidden
    this.#say(isFromBefore ? `${message} The figures below are from before.` : message)
    reveal('retry', 'actions')
    if (!isFromBefore) element('retry', HTMLButtonElement).focus()
  }

  /** @param {string} [message] what is wrong; omitted if nothing is */
  #say (message = '') {
    write('message-text', message)
    element('message-text', HTMLElement).hidden = message === ''
    hide('retry')
  }
}

/** @param {...string} ids */
function hide (...ids) {
  for (const id of ids) element(id, HTMLElement).hidden = true
}

/** @param {...string} ids */
function reveal (...ids) {
  for (const id of ids) element(id, HTMLElement).hidden = false
}

/**
 * @param {string} id
 * @param {() => unknown} action
 */
function onClick (id, action) {
  element(id, HTMLButtonElement).addEventListener('click', action)
}

/**
 * @param {string} id
 * @param {() => void} action
 */
function onSubmit (id, action) {
  element(id, HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault()
    action()
  })
}

/**
 * Saves text as a file on the reader's machine.
 *
 * @param {string} fileName
 * @param {string} csv
 */
function download (fileName, csv) {
  const url = URL.createObjectURL(new Blob([csv], { type: 'text/csv;charset=utf-8' }))
  const link = make('a', '')
  link.href = url
  link.download = fileName
  link.click()
  // Some browsers begin to read it only after this returns.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

new UsagePage().open()
