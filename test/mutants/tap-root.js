/*
 * What test files get for `tap` where test/mutants/runner.js runs them: a root of tests that can be had anew for each run.
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
 * @returns what failed, as TAP; undefined where all passed
 */
export async function runTests (load) {
  root = newRoot()
  let output = ''
  root.on('data', (part) => { output += String(part) })
  const completed = once(root, 'complete')
  // As a test of its own, which those that it adds wait for.
  await root.test('loading', load)
  root.runMain(() => {})
  root.end()
  const [{ ok }] = await completed
  return ok ? undefined : output.match(FAILURE)?.join('\n') ?? output
}
