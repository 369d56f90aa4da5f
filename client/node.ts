import { realpath, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { FileBlob } from './file-blob.js'

/**
 * Opens a file on this machine, of any size, for `uploadFile`, which reads it while it sends it. If the file changes meanwhile,
 * the upload fails with FILE_CHANGED.
 *
 * @param options.type the media type, if known
 * @throws what the file system throws
 */
export async function openFile (path: string, { type = '' }: { type?: string } = {}): Promise<FileBlob> {
  const location = await realpath(path)
  const { size: sizeBytes, mtimeMs: modifiedMs } = await stat(location)
  return new FileBlob({ location, sizeBytes, modifiedMs }, { name: basename(path), type })
}
