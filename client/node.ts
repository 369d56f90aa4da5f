import { realpath, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { FileBlob } from './file-blob.js'

/**
 * Opens a file of this machine, of any size, for `uploadFile`, which reads it as it is sent. If the file changes meanwhile, the
 * upload ends with FILE_CHANGED.
 *
 * @param options.type the media type, if it is known
 * @throws what the file system does
 */
export async function openFile (path: string, { type = '' }: { type?: string } = {}): Promise<FileBlob> {
  const location = await realpath(path)
  const { size: sizeBytes, mtimeMs: modifiedMs } = await stat(location)
  return new FileBlob({ location, sizeBytes, modifiedMs }, { name: basename(path), type })
}
