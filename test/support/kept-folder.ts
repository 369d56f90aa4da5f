import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/**
 * A folder that all test files share, kept beside the packages from one run to the next. The first test that needs it fills it;
 * folders of other versions are removed.
 *
 * @param kind what the folder is for
 * @param version identifies everything that its content depends on
 * @param make fills an empty folder
 */
export async function keepFolder (kind: string, version: string, make: (folder: string) => Promise<unknown>): Promise<string> {
  const packages = createRequire(import.meta.url).resolve('esbuild').split('/node_modules/')[0] ?? '.'
  const parent = join(packages, 'node_modules/.cache/objects-storage')
  const name = `${kind}-${version}`
  const folder = join(parent, name)
  if (await exists(folder)) return folder
  await mkdir(parent, { recursive: true })
  const draft = await mkdtemp(`${folder}-`)
  await make(draft)
  try {
    await rename(draft, folder)
  } catch (error) {
    // Unless another test file was faster.
    if (!await exists(folder)) throw error
    await rm(draft, { recursive: true })
  }
  for (const other of await readdir(parent)) {
    if (other.startsWith(`${kind}-`) && !other.startsWith(name)) await rm(join(parent, other), { recursive: true, force: true })
  }
  return folder
}

async function exists (path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false)
}
