import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ResumePoint, UploadedFile } from '../client/index.js'
import type { LocalFile } from './local-files.js'

/** What is known about a file that an earlier run of the same command has sent, wholly or in part. */
export interface UploadRecord {
  /** What an upload in parts needs to continue. */
  begun?: ResumePoint
  /** Where the file is, or will be once it is complete. */
  file?: UploadedFile
}

/** For how long a command that is not run again is remembered. By default, no upload lasts that long. */
const KEPT_MS = 30 * 86_400_000

/**
 * What an interrupted command needs to continue: a folder for each command, with a small file for each file that it has begun
 * to send. The records contain links and ids of uploads, so only their owner may read them. A record belongs to a file with a
 * certain size and time: a file that has changed since has none.
 */
export class UploadRecords {
  readonly #folder

  private constructor (folder: string) {
    this.#folder = folder
  }

  /**
   * Opens the records of a command, and deletes those of abandoned commands.
   *
   * @param command what identifies the command: what it sends, and where
   * @throws if the folder cannot be created
   */
  static async open (stateFolder: string, command: readonly string[]): Promise<UploadRecords> {
    const all = join(stateFolder, 'uploads')
    const folder = join(all, hashOf(command))
    await mkdir(folder, { recursive: true, mode: 0o700 })
    for (const name of await readdir(all)) {
      const stats = await stat(join(all, name)).catch(() => undefined)
      const isOld = stats !== undefined && Date.now() - stats.mtimeMs > KEPT_MS
      if (isOld) await rm(join(all, name), { recursive: true, force: true })
    }
    return new UploadRecords(folder)
  }

  async read (file: LocalFile): Promise<UploadRecord | undefined> {
    try {
      return JSON.parse(await readFile(this.#locationOf(file), 'utf8'))
    } catch {
      return undefined
    }
  }

  /** Writes a record; after a kill there is either the former record or this one. */
  async write (file: LocalFile, record: UploadRecord): Promise<void> {
    const location = this.#locationOf(file)
    await writeFile(`${location}.new`, JSON.stringify(record), { mode: 0o600 })
    await rename(`${location}.new`, location)
  }

  async remove (file: LocalFile): Promise<void> {
    await rm(this.#locationOf(file), { force: true })
  }

  /** Deletes the command's records, once it has done everything. */
  async forget (): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  #locationOf ({ location, path, sizeBytes, modifiedMs }: LocalFile): string {
    return join(this.#folder, `${hashOf([location, path, String(sizeBytes), String(modifiedMs)])}.json`)
  }
}

/** The folder for what commands need to continue, according to the XDG Base Directory Specification or Windows. */
export function stateFolderOf ({ XDG_STATE_HOME = '', LOCALAPPDATA = '' }: NodeJS.ProcessEnv, homeFolder: string): string {
  if (process.platform === 'win32' && LOCALAPPDATA !== '') return join(LOCALAPPDATA, 'objects-storage')
  // "All paths must be absolute. If an implementation encounters a relative path it should ignore it."
  return join(XDG_STATE_HOME.startsWith('/') ? XDG_STATE_HOME : join(homeFolder, '.local', 'state'), 'objects-storage')
}

function hashOf (texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 32)
}
