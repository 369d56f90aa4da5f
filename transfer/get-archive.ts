import { basename, dirname, resolve } from 'node:path'
import type { Display } from './display.js'
import { downloadArchive } from './download-archive.js'
import { TransferError } from './failures.js'
import { withConnections } from './requests.js'
import { openFolder } from './target-path.js'
import type { WantedArchive } from './wanted-archive.js'

export interface GetArchiveOptions {
  archive: WantedArchive
  /** Where it goes; created if it does not exist. */
  folder: string
  /** Its name there, possibly with folders; undefined means the service's name for it. */
  file: string | undefined
  force: boolean
  display: Display
  signal: AbortSignal
}

/**
 * Fetches an archive, continuing what an earlier call left unfinished.
 *
 * @returns where it is, relative to `folder`
 * @throws {TransferError}
 */
export async function getArchive (
  { archive, folder, file, force, display, signal }: GetArchiveOptions,
): Promise<{ path: string, sizeBytes: number }> {
  if (file !== undefined && /(?:^|[/\\])\.{0,2}$/.test(file)) throw new TransferError('Name the archive\'s file, rather than a folder.')
  const into = await openFolder(file === undefined ? folder : dirname(resolve(folder, file)))
  display.expect(1, 0)
  const shownFile = display.begin(file ?? `files.${archive.format}`, 0)
  try {
    return await withConnections(async (dispatcher) => {
      const { update: onProgress, resize: onSize } = shownFile
      const name = file === undefined ? undefined : basename(file)
      const got = await downloadArchive({ archive, folder: into, name, force, dispatcher, onSize, onProgress, signal })
      return { path: file ?? got.name, sizeBytes: got.sizeBytes }
    })
  } finally {
    shownFile.end()
  }
}
