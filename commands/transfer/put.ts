import { homedir } from 'node:os'
import { connect } from '../../transfer/connection.js'
import { openDisplay } from '../../transfer/display.js'
import { TransferError } from '../../transfer/failures.js'
import { findSources, shown } from '../../transfer/local-files.js'
import { putFiles } from '../../transfer/put-files.js'
import { UploadRecords, stateFolderOf } from '../../transfer/upload-records.js'
import { EXIT_CLEAN } from '../outcome.js'
import { EXIT_INCOMPLETE, type Subcommand, readOptions, readParallel, readRun } from './subcommand.js'

const HELP = `Sends files into a run, straight to the object storage.

  npx objects-storage put PATH… --workflow UUID --run UUID --outputs|--inputs [--url URL] [--parallel 4] [--json]

  PATH        a file, or a folder with everything in it: "results" keeps the folder's name, "results/" sends only its contents
  --workflow  the workflow; --run WORKFLOW/RUN names both
  --run       its run
  --outputs   what the run has made
  --inputs    what it works on
  --url       the service's address; by default OBJECTS_STORAGE_URL
  --parallel  how many files are sent at a time
  --json      one JSON object per file, with its download link: anyone who has it may read the file

The token is in OBJECTS_STORAGE_TOKEN, or in the file that OBJECTS_STORAGE_TOKEN_FILE names.

If it is interrupted, the same command continues: files and parts of files that have arrived are not sent again. What it
needs for that is in XDG_STATE_HOME, or ~/.local/state, until all has been sent. Symbolic links in folders are left out.

Exit code: 0 all files have been sent, 1 some have not, 2 it could not run, 130 it was stopped.
`

export const put: Subcommand = {
  help: HELP,
  run: async (args, signal) => {
    const { values, positionals } = readOptions(args, ['force', 'to', 'zip', 'tar'])
    if (values.help) return undefined
    const parallel = readParallel(values.parallel)
    if (values.inputs === values.outputs) throw new TransferError('Say what the files are for the run: --outputs or --inputs.')
    const destination = { ...readRun(values), direction: values.inputs ? 'inputs' : 'outputs' } as const
    if (positionals.length === 0) throw new TransferError('Name the files and folders to send.')
    const connection = await connect(values.url, process.env)
    const sources = await findSources(positionals)

    const display = openDisplay()
    let [sentCount, thereCount] = [0, 0]
    try {
      const command = [connection.address, ...Object.values(destination), ...sources.flatMap(({ root, name }) => [root, name])]
      const records = await UploadRecords.open(stateFolderOf(process.env, homedir()), command).catch(() => {
        display.note('Nothing can be written to the state folder: if this is interrupted, it will start over.')
        return undefined
      })
      const { failedCount } = await putFiles({
        connection,
        sources,
        destination,
        records,
        parallel,
        display,
        onFile: (path, uploaded, wasThere) => {
          if (wasThere) thereCount++
          else sentCount++
          display.result(values.json ? JSON.stringify({ path, ...uploaded }) : shown(path))
        },
        signal,
      })
      const there = thereCount === 0 ? '' : `, ${thereCount.toLocaleString('en')} had been sent before`
      const failed = failedCount === 0 ? '' : `, ${failedCount.toLocaleString('en')} could not be sent: run the same command to try these again`
      display.note(`${sentCount.toLocaleString('en')} files sent${there}${failed}.`)
      return failedCount === 0 ? EXIT_CLEAN : EXIT_INCOMPLETE
    } finally {
      display.stop()
    }
  },
}
