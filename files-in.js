import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Every file in a folder, however deep.
 *
 * @param {string} folder
 */
export async function filesIn (folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
