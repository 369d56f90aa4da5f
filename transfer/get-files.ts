import type { Display } from './display.js'
import { downloadFile } from './download-file.js'
import { TransferError, TransferStoppedError } from './failures.js'
import { inTurn } from './in-turn.js'
import { shown } from './local-files.js'
import { withConnections } from './requests.js'
import { localNamesOf, openFolder, prepareTarget } from './target-path.js'
import type { WantedFile } from './wanted-files.js'

export interface GetOptions {
  files: AsyncGenerator<WantedFile, undefined>
  /** Where they go; created if it does not exist. */
  folder: string
  force: boolean
  /** How many files are fetched at a time. */
  parallel: number
  display: Display
  /** Called for every file that has arrived, or was already there. */
  onFile: (file: { path: string, sizeBytes: number, wasThere: boolean }) => void
  signal: AbortSignal
}

/**
 * Fetches files into a folder, never outside it, continuing those that an earlier call left unfinished.
 *
 * @returns how many were wanted, and how many of these failed
 * @throws {TransferError} if nothing more can be fetched
 */
export async function getFiles (options: GetOptions): Promise<{ wantedCount: number, failedCount: number }> {
  const { files, parallel, display, signal } = options
  const root = await openFolder(options.folder)
  let [wantedCount, failedCount] = [0, 0]
  await withConnections(async (dispatcher) => {
    await inTurn(files, parallel, async (file) => {
      signal.throwIfAborted()
      wantedCount++
      display.expect(1, file.sizeBytes ?? 0)
      const shownFile = display.begin(file.path, file.sizeBytes ?? 0)
      try {
        const target = await prepareTarget(root, localNamesOf(file.path))
        const { update: onProgress, resize: onSize } = shownFile
        const { link } = file
        const got = await downloadFile({ link, target, force: options.force, dispatcher, onSize, onProgress, signal })
        shownFile.update(got.sizeBytes)
        options.onFile({ path: file.path, ...got })
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof TransferError) || error instanceof TransferStoppedError) throw error
        failedCount++
        display.note(`${shown(file.path)}: ${error.message}`)
      } finally {
        shownFile.end()
      }
    })
  })
  return { wantedCount, failedCount }
}
