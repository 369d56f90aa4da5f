import { createInterface } from 'node:readline'
import { connect } from '../../transfer/connection.js'
import { openDisplay } from '../../transfer/display.js'
import { TransferError } from '../../transfer/failures.js'
import { getFiles } from '../../transfer/get-files.js'
import { shown } from '../../transfer/local-files.js'
import { type WantedFile, filesOfLinks, filesOfRun } from '../../transfer/wanted-files.js'
import { EXIT_CLEAN } from '../outcome.js'
import { getArchive } from './get-archive.js'
import { EXIT_INCOMPLETE, type Options, type Subcommand, readDirection, readOptions, readParallel, readRun } from './subcommand.js'

const HELP = `Fetches files by their download links, all files of a run, or many files as one archive.

  npx objects-storage get LINK… [--to FOLDER] [--force] [--parallel 4] [--json]
  npx objects-storage get --workflow UUID --run UUID [--outputs] [--inputs] [--url URL] [--to FOLDER] …
  npx objects-storage get --workflow UUID --run UUID --zip|--tar [FILE] [--outputs] [--inputs] [--url URL] [--to FOLDER] …
  npx objects-storage get SHARE-LINK --zip|--tar [FILE] [--to FOLDER] …

  LINK        a download link; with "-", links are read from standard input, one per line
  --workflow  the workflow; --run WORKFLOW/RUN names both
  --run       the run, whose files keep their folders, below "inputs" and "outputs"
  --outputs   only what the run has produced
  --inputs    only what the run works on
  --zip       as one ZIP archive: a run, or what a share link leads to
  --tar       as one TAR archive
  FILE        the archive's name; by default the one that the service gives it
  --to        where the files go; by default the current folder
  --force     replace other files of the same name
  --url       the service's address; by default OBJECTS_STORAGE_URL
  --parallel  how many files are fetched at a time
  --json      one JSON object per file

A run's files need a token, in OBJECTS_STORAGE_TOKEN or in the file that OBJECTS_STORAGE_TOKEN_FILE names. Links need none.

A file gets its name once it is whole, with the time that the storage has; one of the same size and time is taken to be the
same. If it is interrupted, the same command continues from the hidden files ".objects-storage-….part".

An archive never replaces another file unasked, not even a complete one of the same name. It, too, continues where it
was interrupted, if the files are the same; otherwise it starts over. --tar continues at once; for --zip, the service may
have to read files first.

Exit code: 0 all files are there, 1 some are not, 2 it could not run, 130 it was stopped.
`

export const get: Subcommand = {
  help: HELP,
  run: async (args, signal) => {
    const { values, positionals } = readOptions(args, [])
    if (values.help) return undefined
    if (values.zip || values.tar) return await getArchive(values, positionals, signal)
    const parallel = readParallel(values.parallel)
    const files = await findWanted(values, positionals, signal)

    const display = openDisplay()
    let [gotCount, thereCount] = [0, 0]
    try {
      const { wantedCount, failedCount } = await getFiles({
        files,
        folder: values.to ?? '.',
        force: values.force,
        parallel,
        display,
        onFile: ({ path, sizeBytes, wasThere }) => {
          if (wasThere) thereCount++
          else gotCount++
          display.result(values.json ? JSON.stringify({ path, sizeBytes }) : shown(path))
        },
        signal,
      })
      if (wantedCount === 0) display.note('The run has no such files.')
      const there = thereCount === 0 ? '' : `, ${thereCount.toLocaleString('en')} were there already`
      const failed = failedCount === 0 ? '' : `, ${failedCount.toLocaleString('en')} could not be fetched`
      display.note(`${gotCount.toLocaleString('en')} files fetched${there}${failed}.`)
      return failedCount === 0 ? EXIT_CLEAN : EXIT_INCOMPLETE
    } finally {
      display.stop()
    }
  },
}

async function findWanted (
  values: Options, positionals: readonly string[], signal: AbortSignal,
): Promise<AsyncGenerator<WantedFile, undefined>> {
  const isRun = values.run !== undefined || values.workflow !== undefined
  if (isRun === (positionals.length > 0)) throw new TransferError('Name either download links, or a run.')
  if (isRun) {
    const direction = readDirection(values)
    const run = { ...readRun(values), directions: new Set(direction === undefined ? ['inputs', 'outputs'] : [direction]) }
    return filesOfRun(await connect(values.url, process.env), run, signal)
  }
  const links = positionals.length === 1 && positionals[0] === '-' ? await readLines() : positionals
  return each(filesOfLinks(links))
}

async function readLines (): Promise<string[]> {
  const lines: string[] = []
  for await (const line of createInterface({ input: process.stdin })) if (line.trim() !== '') lines.push(line.trim())
  return lines
}

async function * each<Item> (items: readonly Item[]): AsyncGenerator<Item, undefined> {
  yield * items
}
