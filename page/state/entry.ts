import type { RunFile } from './answers.js'

/** An entry of a folder: a folder, identified by its path, or a file, identified by its key, since paths may repeat. */
export type Entry = { kind: 'folder', path: string, bytes?: number | undefined, fileCount?: number | undefined } |
  { kind: 'file', path: string, file: RunFile, nth?: number | undefined }

export function idOf (entry: Entry): string {
  return entry.kind === 'folder' ? entry.path : entry.file.objectKey
}
