import { connect } from '../../transfer/connection.js'
import { openDisplay } from '../../transfer/display.js'
import { TransferError } from '../../transfer/failures.js'
import { getArchive as fetchArchive } from '../../transfer/get-archive.js'
import { shown } from '../../transfer/local-files.js'
import { type WantedArchive, archiveOfLink, archiveOfRun } from '../../transfer/wanted-archive.js'
import { EXIT_CLEAN } from '../outcome.js'
import { type Options, readDirection, readRun } from './subcommand.js'

/**
 * Runs `get --zip` and `get --tar`.
 *
 * @returns the exit code
 * @throws {TransferError} if the archive could not be fetched
 */
export async function getArchive (values: Options, positionals: readonly string[], signal: AbortSignal): Promise<number> {
  const { archive, file } = await findWanted(values, positionals)
  const display = openDisplay()
  try {
    const { path, sizeBytes } = await fetchArchive({ archive, folder: values.to ?? '.', file, force: values.force, display, signal })
    display.result(values.json ? JSON.stringify({ path, sizeBytes }) : shown(path))
    return EXIT_CLEAN
  } finally {
    display.stop()
  }
}

async function findWanted (
  values: Options, positionals: readonly string[],
): Promise<{ archive: WantedArchive, file: string | undefined }> {
  if (values.zip && values.tar) throw new TransferError('Choose one format: --zip or --tar.')
  const format = values.tar ? 'tar' : 'zip'
  const isRun = values.run !== undefined || values.workflow !== undefined
  const [link = '', file = undefined, ...rest] = isRun ? ['', ...positionals] : positionals
  if (isRun === (link !== '') || rest.length > 0 || /^https?:/.test(file ?? '')) {
    throw new TransferError('Name either a run or a share link, and at most one file for the archive.')
  }
  if (!isRun) return { archive: archiveOfLink(link, format), file }
  const run = { ...readRun(values), direction: readDirection(values) }
  return { archive: archiveOfRun(await connect(values.url, process.env), run, format), file }
}
