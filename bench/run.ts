/* Measures the service, each case compared with its floor or rival in the same run; see --help. */
import { readFile, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Bench, Case } from './bench.js'
import { archives } from './cases/archives.js'
import { eventQueues } from './cases/event-queues.js'
import { events } from './cases/events.js'
import { lists } from './cases/lists.js'
import { reconciliation } from './cases/reconcile.js'
import { redirects } from './cases/redirects.js'
import { slowReaders } from './cases/slow-readers.js'
import { startUp } from './cases/start-up.js'
import { storageUsage } from './cases/storage-usage.js'
import { streams } from './cases/streams.js'
import type { Measurement } from './measure.js'
import { line, table } from './report.js'
import { startPostgres } from './services/postgres.js'
import { startStore } from './services/store.js'

const HELP = `Measures the service, each case beside its floor or rival, in turns; prints a table and writes bench/results.md.

  npm run bench -- [--embedded] [--only CASE,…] [--rounds N] [--seconds N] [--long] [--no-results]

  --embedded    with the embedded store, whatever is named, and only with the PostgreSQL that BENCH_DATABASE_URL names:
                without one, leaves out what needs it
  --only        of: redirects, streams, slow-readers, archives, events, event-queues, storage-usage, lists, reconcile, start-up
  --rounds      how often each figure is measured (5)
  --seconds     how long one measurement of a rate takes (4)
  --long        also 10,000,000 files of usage and lists
  --no-results  leaves bench/results.md as it is

PostgreSQL (15 or newer) and Ceph RGW are started from Debian's packages, or are the ones that BENCH_DATABASE_URL, and
BENCH_S3_ENDPOINT with BENCH_S3_ACCESS_KEY and BENCH_S3_SECRET_KEY, name.
nginx and curl must be installed; nats-server and rabbitmq-server for event-queues. Let the machine do nothing else.
`
const cases: Record<string, Case> = {
  redirects,
  streams,
  'slow-readers': slowReaders,
  archives,
  events,
  'event-queues': eventQueues,
  'storage-usage': storageUsage,
  lists,
  reconcile: reconciliation,
  'start-up': startUp,
}

const { values } = parseArgs({
  options: {
    embedded: { type: 'boolean', default: false },
    only: { type: 'string', default: Object.keys(cases).join(',') },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    long: { type: 'boolean', default: false },
    'no-results': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) console.log(HELP)
else await measureAll()

async function measureAll (): Promise<void> {
  const chosen = values.only.split(',').map((name) => {
    const measure = cases[name]
    if (measure === undefined) throw new TypeError(`Unknown case ${name}; there are: ${Object.keys(cases).join(', ')}.`)
    return { name, measure }
  })
  const { BENCH_DATABASE_URL: database } = process.env
  const postgres = values.embedded && database === undefined ? undefined : await startPostgres(database)
  const store = await startStore({ isEmbedded: values.embedded })
  const bench: Bench = {
    postgres, store, rounds: Number(values.rounds), seconds: Number(values.seconds), isLong: values.long,
  }
  const sections: string[] = []
  try {
    for (const { name, measure } of chosen) {
      const measurements: Measurement[] = []
      for await (const measurement of measure(bench)) {
        measurements.push(measurement)
        console.log(line(measurement))
      }
      if (measurements.length > 0) sections.push(`## ${name}\n\n${table(measurements)}\n`)
    }
  } finally {
    await store.stop()
    await postgres?.stop()
  }
  const document = `${heading([postgres?.version ?? 'no PostgreSQL', store.version])}\n${sections.join('\n')}`
  const explanations = await readFile(join(import.meta.dirname, 'missed-targets.md'), 'utf8')
  console.log(`\n${document}`)
  if (!values['no-results']) await writeFile(join(import.meta.dirname, 'results.md'), `${document}\n${explanations}`)
}

function heading (parts: string[]): string {
  const [processor] = cpus()
  const command = ['npm run bench', ...process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : []].join(' ')
  return `# Measured side by side

\`${command}\` on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} × ${processor?.model.trim() ?? 'unknown processor'},
${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node.js ${process.version}, ${parts.join(', ')}.

Each figure is the median of ${values.rounds} rounds (lowest to highest), after one that is not counted. The figure beside it was measured in
the same rounds, in turn; ratios are computed round by round. The load comes from separate processes on the same machine.
`
}
