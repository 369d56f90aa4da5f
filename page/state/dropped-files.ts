/** A file and where it goes: its folders and name, separated by slashes. */
export interface ChosenFile {
  file: File
  path: string
}

/** What was dropped, as far as it can be read. */
export interface DroppedFiles {
  files: ChosenFile[]
  /** The paths of what the browser cannot read, such as links that lead nowhere. */
  unreadable: string[]
}

/**
 * The files in what was dropped, those in folders too, with their paths. It must be called while the event is handled, since
 * browsers forget what was dropped after that.
 */
export async function filesOfDrop (data: DataTransfer): Promise<DroppedFiles> {
  const entries = [...data.items].flatMap((item) => item.webkitGetAsEntry() ?? [])
  const dropped: DroppedFiles = { files: [], unreadable: [] }
  // A page that is driven may drop files without entries.
  if (entries.length === 0) dropped.files.push(...filesOfList(data.files))
  await Promise.all(entries.map(async (entry) => { await collect(entry, dropped) }))
  return dropped
}

/** The files of a field, with their paths where a folder was chosen. */
export function filesOfList (files: Iterable<File>): ChosenFile[] {
  return [...files].map((file) => ({ file, path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath }))
}

async function collect (entry: FileSystemEntry, dropped: DroppedFiles): Promise<void> {
  const path = entry.fullPath.replace(/^\//, '')
  try {
    if (entry instanceof FileSystemFileEntry) {
      const file = await new Promise<File>((resolve, reject) => { entry.file(resolve, reject) })
      dropped.files.push({ file, path })
    } else if (entry instanceof FileSystemDirectoryEntry) {
      for await (const inside of entriesOf(entry)) await collect(inside, dropped)
    }
  } catch {
    dropped.unreadable.push(path)
  }
}

async function * entriesOf (folder: FileSystemDirectoryEntry): AsyncGenerator<FileSystemEntry> {
  const reader = folder.createReader()
  for (;;) {
    // A folder is read in pieces: Chromium gives a hundred entries at a time.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => { reader.readEntries(resolve, reject) })
    if (entries.length === 0) return
    yield * entries
  }
}
