/*
 * What test files get when they import `tap` under test/mutants/runner.js: a root of tests that can be renewed for each run.
 */
import { once } from 'node:events'
import { Test } from 'tap'

const FAILURE = /^ *not ok .*(?:\n *---\n[\s\S]*?\n *\.\.\.$)?/gm

let root = newRoot()

export { root as default }

function newRoot () {
  return new Test({ name: 'run', timeout: 0 })
}

/**
 * Loads test files, and runs what they add to the root once all of them are loaded.
 *
 * @param {() => Promise<unknown>} load
 * @returns what failed, as TAP; undefined if all passed
 */
export async function runTests (load) {
  root = newRoot()
  let output = ''
  root.on('data', (part) => { output += String(part) })
  const completed = once(root, 'complete')
  // Loading is a test of its own, for which the tests that it adds wait.
  await root.test('loading', load)
  root.runMain(() => {})
  root.end()
  const [{ ok }] = await completed
  return ok ? undefined : output.match(FAILURE)?.join('\n') ?? output
}
