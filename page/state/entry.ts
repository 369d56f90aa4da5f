import type { RunFile } from './answers.js'

/** What a folder holds: a folder, told from others by its path, or a file, by its key, since two may have the same path. */
export type Entry = { kind: 'folder', path: string, bytes?: number | undefined, fileCount?: number | undefined } |
  { kind: 'file', path: string, file: RunFile, nth?: number | undefined }

export function idOf (entry: Entry): string {
  return entry.kind === 'folder' ? entry.path : entry.file.objectKey
}
