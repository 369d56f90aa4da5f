/*
 * Measures the tests of rooms by mutants of their code: `npm run mutants -- http objects`, or of a part of a room,
 * `npm run mutants -- db/leases.ts events/order.ts:20-45`. Each mutant is one small mistake, which a test of the room must
 * notice. Prints those that survived, and for each room the percentage that was noticed. All rooms take hours: `--sample 200`
 * tries that many of a room's mutants, chosen at random, and gives the score as an interval; `--seed 2` chooses others.
 * `--tests test/service/db/leases` uses other tests than the room's.
 */
import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { Stryker } from '@stryker-mutator/core'

/** Rooms, and the tests that must notice mistakes in them. */
const rooms = {
  http: ['test/unit/http'],
  sealing: ['test/unit/sealing'],
  objects: ['test/unit/objects'],
  identity: ['test/unit/identity', 'test/service/identity'],
  events: ['test/unit/events'],
  reconcile: ['test/unit/reconcile', 'test/service/reconcile'],
  downloads: ['test/unit/downloads'],
  shares: ['test/unit/shares'],
  archives: ['test/unit/archives'],
  errors: ['test/unit/errors'],
  queues: ['test/unit/queues'],
  transfer: ['test/unit/transfer'],
  uploads: ['test/unit/uploads', 'test/service/uploads'],
  verify: ['test/service/verify'],
  store: ['test/unit/store', 'test/service/store'],
  db: ['test/unit/db', 'test/service/db'],
}
// The normal distribution's quantile for an interval that contains the score with a probability of 95 %.
const Z = 1.96

const { values: { sample, seed, tests: chosenTests }, positionals: chosen } = parseArgs({
  options: { sample: { type: 'string' }, seed: { type: 'string', default: '1' }, tests: { type: 'string', multiple: true } },
  allowPositionals: true,
})

/**
 * @param {string[]} parts files and folders of the room, or the room itself
 * @param {string[]} tests test files without their ending, and folders of tests
 */
async function measure (parts, tests) {
  const results = await new Stryker({
    // Databases for tests are copies of one that was migrated without any mutant, and a migration is never edited.
    mutate: [...parts.map((part) => /\.ts(?::|$)/.test(part) ? part : `${part}/**/*.ts`), '!db/migrations/**'],
    testRunner: 'same-process',
    plugins: ['./test/mutants/runner.js', './test/mutants/sample.js'],
    // All mutants are compiled together, and each can be switched on by itself.
    buildCommand: 'node test/compile.js',
    tests,
    coverageAnalysis: 'perTest',
    concurrency: 1,
    ignorePatterns: ['.data', '.tap', 'coverage', 'dist', 'test-output'],
    tempDirName: '.tap/mutants',
    reporters: ['clear-text', 'progress-append-only'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: false },
    checkers: sample === undefined ? [] : ['sample'],
    sample: { size: Number(sample ?? 0), seed },
    warnings: { unknownOptions: false, preprocessorErrors: true, unserializableOptions: true, slow: false },
    disableTypeChecks: false,
    // A process that replaces one that did not end has to load everything again within this time.
    timeoutMS: 30_000,
    dryRunTimeoutMinutes: 30,
    allowConsoleColors: false,
  }).runMutationTest()
  const count = (/** @type {string[]} */ ...statuses) => results.filter(({ status }) => statuses.includes(status)).length
  const noticed = count('Killed', 'Timeout')
  const tried = noticed + count('Survived', 'NoCoverage')
  const slow = results.filter(({ status }) => status === 'Timeout').map(({ fileName, location, replacement }) =>
    `${relative('.', fileName)}:${location.start.line} ${replacement.slice(0, 80).replaceAll(/\s+/g, ' ')}`)
  if (slow.length > 0) console.log(['Noticed since tests did not end:', ...slow].join('\n  '))
  const score = `${parts.join(' ')}: ${percent(noticed / tried)} of ${tried} mutants, ${slow.length} of them by tests that did not end`
  return tried === results.length ? score : `${score}, a sample of ${results.length} (seed ${seed}): ${interval(noticed, tried)}`
}

/** @param {number} share */
function percent (share) {
  return `${(100 * share).toFixed(1)} %`
}

/**
 * Wilson's interval of a share that was found in a sample.
 *
 * @param {number} found
 * @param {number} size
 */
function interval (found, size) {
  const share = found / size
  const middle = share + Z ** 2 / (2 * size)
  const half = Z * Math.sqrt(share * (1 - share) / size + (Z / (2 * size)) ** 2)
  const scale = 1 + Z ** 2 / size
  return `${percent((middle - half) / scale)} to ${percent((middle + half) / scale)} of all, with 95 % confidence`
}

// The same suites run on both kinds of database, and notice the same on either.
if (process.env.TEST_DATABASE_URL) process.env.TEST_EMBEDDED_DATABASE = 'no'
const scores = []
for (const [room, tests] of Object.entries(rooms)) {
  const parts = chosen.length === 0 ? [room] : chosen.filter((part) => part.split('/')[0] === room)
  if (parts.length > 0) scores.push(await measure(parts, chosenTests ?? tests))
}
console.log(scores.join('\n'))
