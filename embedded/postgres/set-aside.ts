import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'

/**
 * Renames a folder of data, so that it is kept beside its old place.
 *
 * @returns where it is now
 */
export async function setAside (directory: string): Promise<string> {
  for (let number = 1; ; number++) {
    const target = `${directory}-set-aside-${number}`
    if (existsSync(target)) continue
    await rename(directory, target)
    return target
  }
}
