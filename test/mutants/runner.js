/*
 * A part of test/mutants/run.js that Stryker loads: runs test files for one mutant after another in one process, so that what
 * they import is loaded only once. A mutant of code that runs when it is loaded gets a process of its own. A process for every
 * mutant, which Stryker's own runner for tap uses, takes ten times as long.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { register } from 'node:module'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { filesIn } from '../../files-in.js'

const rootUrl = new URL('tap-root.js', import.meta.url).href
const hooks = `export const resolve = (name, context, next) => name === 'tap' && context.parentURL !== ${JSON.stringify(rootUrl)}
  ? { url: ${JSON.stringify(rootUrl)}, shortCircuit: true }
  : next(name, context)`

/** What the code that Stryker adds reads and writes: which mutant is on, and how often each was executed. */
const switches = /** @type {Record<string, any>} */ (Object.assign(globalThis, { __stryker__: {} }).__stryker__)

// tap sends its parent process how long it may take. Stryker would stumble over that, since its own messages are text.
const send = process.send?.bind(process)
process.send = (/** @type {unknown} */ message) => typeof message !== 'string' || send === undefined || send(message)

/** How long each file takes: a process that replaces another one has not run any itself. */
const TIMES = join('.tap', 'times.json')

class Runner {
  static inject = /** @type {const} */ (['options'])
  /** @type {string[]} */
  #files = []
  #runCount = 0
  #hasCrashed = false
  /** @type {typeof import('./tap-root.js') | undefined} */
  #tap
  /** @type {Record<string, number>} */
  #times = {}

  /** @param {{ tests: string[] }} options */
  constructor ({ tests }) {
    this.tests = tests
  }

  capabilities () {
    return { reloadEnvironment: false }
  }

  async init () {
    const mirror = join(process.cwd(), '.tap', 'compiled')
    const isChosen = (/** @type {string} */ path) => this.tests.some((test) => path === `${test}.test.js` || path.startsWith(`${test}/`))
    const files = (await filesIn(join(mirror, 'test'))).filter((path) => path.endsWith('.test.js'))
    this.#files = files.filter((path) => isChosen(relative(mirror, path))).sort()
    register(`data:text/javascript,${encodeURIComponent(hooks)}`)
    // A run may take as long as Stryker gives it.
    process.env.TAP_TIMEOUT = '0'
    process.env.TEST_KEEP_DATABASE = 'yes'
    this.#tap = await import(rootUrl)
    this.#times = JSON.parse(await readFile(TIMES, 'utf8').catch(() => '{}'))
    for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, () => { this.#hasCrashed = true })
  }

  async dryRun () {
    const tests = []
    for (const file of this.#files) {
      switches.currentTestId = undefined
      tests.push(await this.#run(file, () => { switches.currentTestId = file }))
    }
    this.#times = Object.fromEntries(tests.map(({ id, timeSpentMs }) => [id, timeSpentMs]))
    await writeFile(TIMES, JSON.stringify(this.#times))
    // Mutants that are executed on loading, but by no test, are on from the start.
    const { static: whenLoaded = {}, perTest = {} } = switches.mutantCoverage ?? {}
    for (const passed of Object.values(perTest)) for (const id of Object.keys(passed)) delete whenLoaded[id]
    return { status: 'complete', tests, mutantCoverage: { static: whenLoaded, perTest } }
  }

  /** @param {{ activeMutant: { id: string, fileName: string }, testFilter?: string[], hitLimit?: number }} options */
  async mutantRun ({ activeMutant: { id, fileName }, testFilter = this.#files, hitLimit }) {
    Object.assign(switches, { activeMutant: id, hitLimit, hitCount: hitLimit && 0, mutantCoverage: undefined })
    const ownTest = fileName.replace(/\.ts$/, '.test.js').split('/').slice(-2).join('/')
    // A mutant's own test is tried first, and then the quick ones.
    const costOf = (/** @type {string} */ file) => file.endsWith(ownTest) ? 0 : this.#times[file] ?? 0
    let nrOfTests = 0
    for (const file of testFilter.toSorted((one, other) => costOf(one) - costOf(other))) {
      nrOfTests++
      const { status } = await this.#run(file)
      if (switches.hitCount > switches.hitLimit) return { status: 'timeout', reason: 'It runs in a circle.' }
      if (status !== 0) return { status: 'killed', killedBy: [file], failureMessage: '', nrOfTests }
    }
    return { status: 'survived', nrOfTests }
  }

  /**
   * @param {string} file
   * @param {() => void} onLoaded before the tests in it run
   */
  async #run (file, onLoaded = () => {}) {
    this.#hasCrashed = false
    const startedAt = performance.now()
    const failure = await this.#tap?.runTests(async () => {
      await this.#load(file)
      onLoaded()
    }).catch(String)
    const result = { id: file, name: file, timeSpentMs: performance.now() - startedAt }
    if (failure === undefined && !this.#hasCrashed) return { ...result, status: 0 }
    return { ...result, status: 1, failureMessage: failure ?? 'It has crashed.' }
  }

  /** @param {string} file */
  async #load (file) {
    await import(`${pathToFileURL(file).href}?run=${this.#runCount++}`)
  }
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'same-process', injectableClass: Runner }]
