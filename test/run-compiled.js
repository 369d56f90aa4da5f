/*
 * Runs the tests of some folders, or some test files, without a compiler at run time: `node test/run-compiled.js test/unit`.
 * Tests are programs that print TAP; what fails is printed whole, and the last line counts the assertions.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { compile, mirror, projectFiles, root } from './compile.js'

const TEST_TIMEOUT_SECONDS = 600
const LAST_OUTPUT_MS = 5_000
// Tests of stateless code share processes: starting one takes longer than most of these tests.
const STATELESS = /^test\/unit\//
const FAILURE = /^ *not ok .*(?:\n *---\n[\s\S]*?\n *\.\.\.$)?/gm

/**
 * Runs compiled test files, one after another in their own process, and prints a line for them, with what failed.
 *
 * @param {string[]} paths from the root
 */
async function runTests (paths) {
  const child = spawn(process.execPath, ['--enable-source-maps', await programOf(paths)], {
    cwd: root, env: { ...process.env, TAP_TIMEOUT: String(TEST_TIMEOUT_SECONDS) }, stdio: ['ignore', 'pipe', 'pipe'],
  })
  const start = performance.now()
  const [output, errors] = [collect(child.stdout), collect(child.stderr)]
  const closed = once(child, 'close')
  const [exitCode] = await once(child, 'exit')
  // A process that a test left running may keep the output open.
  const patience = new AbortController()
  await Promise.race([closed, setTimeout(LAST_OUTPUT_MS, undefined, patience).catch(() => {})])
  patience.abort()
  child.stdout.destroy()
  child.stderr.destroy()
  const counts = countsOf(output.text)
  // A process that ends badly without a failed test counts as a failure.
  if (exitCode !== 0 && counts.fail === 0) counts.fail = 1
  const others = paths.length > 1 ? ` and ${paths.length - 1} more` : ''
  console.log(`${counts.fail === 0 ? 'ok' : 'NOT OK'} - ${paths[0]}${others} (${Math.round(performance.now() - start)} ms)`)
  if (counts.fail > 0) console.log([...output.text.match(FAILURE) ?? [], errors.text].join('\n'))
  return counts
}

/** @param {import('node:stream').Readable} stream */
function collect (stream) {
  const collected = { text: '' }
  stream.setEncoding('utf8').on('data', (/** @type {string} */ part) => { collected.text += part })
  return collected
}

/**
 * The program that runs test files: a single one itself, or a program that imports each of several.
 *
 * @param {string[]} paths from the root
 */
async function programOf (paths) {
  const programs = paths.map((path) => join(mirror, path.replace(/\.ts$/, '.js')))
  const [first = ''] = programs
  if (programs.length === 1) return first
  const program = first.replace(/\.js$/, '.and-more.js')
  await writeFile(program, programs.map((path) => `await import(${JSON.stringify(path)})\n`).join(''))
  return program
}

/**
 * Reads the totals at the end of a test file's output.
 *
 * @param {string} output
 */
function countsOf (output) {
  const totals = output.match(/^# \{ total: .*\}$/gm)?.at(-1) ?? ''
  const count = (/** @type {string} */ name) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(totals)?.[1] ?? 0)
  return { pass: count('pass'), fail: count('fail'), skip: count('skip') + count('todo') }
}

/**
 * Groups files by process: each has its own, except for stateless ones, which are spread over two processes per core.
 *
 * @param {string[]} files
 */
function inProcesses (files) {
  const processes = files.filter((path) => !STATELESS.test(path)).map((path) => [path])
  const stateless = files.filter((path) => STATELESS.test(path))
  const count = Math.min(stateless.length, 2 * availableParallelism())
  return [...Array.from({ length: count }, (_, index) => stateless.filter((_, place) => place % count === index)), ...processes]
}

/** @param {string[]} chosen folders and test files, from the root */
async function run (chosen) {
  const files = (await projectFiles()).map((path) => relative(root, path))
    .filter((path) => path.endsWith('.test.ts') && chosen.some((name) => path === name || path.startsWith(`${name.replace(/\/$/, '')}/`)))
    .sort()
  if (files.length === 0) throw new Error(`There is no test in ${chosen.join(', ')}.`)
  await compile()
  const all = { pass: 0, fail: 0, skip: 0 }
  const queue = inProcesses(files)
  const work = async () => {
    for (let paths = queue.shift(); paths !== undefined; paths = queue.shift()) {
      const { pass, fail, skip } = await runTests(paths)
      all.pass += pass
      all.fail += fail
      all.skip += skip
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  console.log(`# { total: ${all.pass + all.fail + all.skip}, pass: ${all.pass}, fail: ${all.fail}, skip: ${all.skip} }`)
  process.exitCode = all.fail === 0 ? 0 : 1
}

await run(process.argv.slice(2))
