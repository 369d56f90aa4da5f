/*
 * What test files get for `tap` where test/mutants/runner.js runs them: a root of tests that can be had anew for each run.
 */
import { once } from 'node:events'
import { Test } from 'tap'

let root = newRoot()

export { root as default }

function newRoot () {
  return new Test({ name: 'run', timeout: 0 })
}

/**
 * Loads test files, and runs what they add to the root.
 *
 * @param {() => Promise<unknown>} load
 * @returns whether all passed
 */
export async function runTests (load) {
  root = newRoot()
  root.resume()
  const completed = once(root, 'complete')
  await load()
  root.runMain(() => {})
  root.end()
  const [{ ok }] = await completed
  return Boolean(ok)
}

/**
 * Loads test files, and runs nothing of them.
 *
 * @param {() => Promise<unknown>} load
 */
export async function loadTests (load) {
  root = newRoot()
  await load()
}
