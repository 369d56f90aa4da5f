/** A file and where it goes: its folders and name, separated by slashes. */
export interface ChosenFile {
  file: File
  path: string
}

/**
 * The files in what was dropped, those in folders too, with their paths. It must be called while the event is handled, since
 * browsers forget what was dropped after that.
 */
export function filesOfDrop (data: DataTransfer): Promise<ChosenFile[]> {
  const entries = [...data.items].flatMap((item) => item.webkitGetAsEntry() ?? [])
  // A page that is driven may drop files without entries.
  if (entries.length === 0) return Promise.resolve(filesOfList(data.files))
  return Promise.all(entries.map(filesOfEntry)).then((found) => found.flat())
}

/** The files of a field, with their paths where a folder was chosen. */
export function filesOfList (files: Iterable<File>): ChosenFile[] {
  return [...files].map((file) => ({ file, path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath }))
}

async function filesOfEntry (entry: FileSystemEntry): Promise<ChosenFile[]> {
  if (entry instanceof FileSystemFileEntry) {
    const file = await new Promise<File>((resolve, reject) => { entry.file(resolve, reject) })
    return [{ file, path: entry.fullPath.replace(/^\//, '') }]
  }
  if (!(entry instanceof FileSystemDirectoryEntry)) return []
  const reader = entry.createReader()
  const found: ChosenFile[] = []
  for (;;) {
    // A folder is read in pieces: Chromium gives a hundred entries at a time.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => { reader.readEntries(resolve, reject) })
    if (entries.length === 0) return found
    for (const inside of entries) found.push(...await filesOfEntry(inside))
  }
}
