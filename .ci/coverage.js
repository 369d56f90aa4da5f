/* Prints what the tests cover: the totals, and the files that have lines no test runs. */
import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'

const { total, ...files } = JSON.parse(await readFile(process.argv[2], 'utf8'))
for (const kind of ['statements', 'lines', 'branches']) {
  const { covered, total: all, pct } = total[kind]
  console.log(`${kind}: ${pct} % (${covered} of ${all})`)
}
for (const [path, { lines }] of Object.entries(files)) {
  if (lines.pct < 100) console.log(`  ${relative('.', path)}: ${lines.pct} % of its lines`)
}
