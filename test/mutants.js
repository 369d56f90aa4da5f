/*
 * Measures the tests of rooms by mutants of their code: `npm run mutants -- http objects`. Each mutant is one small mistake,
 * and a test of the room must notice it. Prints what survived, and each room's score: how many of a hundred were noticed. It
 * takes hours for all rooms.
 */
import { Stryker } from '@stryker-mutator/core'

/** Rooms, and the tests that are to notice mistakes in them. */
const rooms = {
  http: ['test/unit/http'],
  sealing: ['test/unit/sealing'],
  objects: ['test/unit/objects'],
  identity: ['test/unit/identity'],
  events: ['test/unit/events'],
  reconcile: ['test/unit/reconcile', 'test/service/reconcile'],
  downloads: ['test/unit/downloads'],
  store: ['test/unit/store', 'test/service/store'],
  db: ['test/service/db'],
}

/**
 * @param {string} room
 * @param {string[]} tests folders
 */
async function measure (room, tests) {
  const results = await new Stryker({
    mutate: [`${room}/**/*.ts`],
    testRunner: 'tap',
    plugins: ['@stryker-mutator/tap-runner'],
    // All mutants are compiled at once, each to be switched on by itself.
    buildCommand: 'node test/compile.js',
    tap: { testFiles: tests.map((folder) => `.tap/compiled/${folder}/**/*.test.js`), nodeArgs: [], forceBail: true },
    coverageAnalysis: 'perTest',
    concurrency: 1,
    ignorePatterns: ['.data', '.tap', 'coverage', 'dist', 'test-output'],
    tempDirName: '.tap/mutants',
    reporters: ['clear-text'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: false },
    checkers: [],
    disableTypeChecks: false,
    timeoutMS: 20_000,
    allowConsoleColors: false,
  }).runMutationTest()
  const count = (/** @type {string[]} */ ...statuses) => results.filter(({ status }) => statuses.includes(status)).length
  const noticed = count('Killed', 'Timeout')
  const all = noticed + count('Survived', 'NoCoverage')
  return `${room}: ${(100 * noticed / all).toFixed(1)} % of ${all} mutants`
}

const chosen = process.argv.slice(2)
const scores = []
for (const [room, tests] of Object.entries(rooms)) {
  if (chosen.length === 0 || chosen.includes(room)) scores.push(await measure(room, tests))
}
console.log(scores.join('\n'))
