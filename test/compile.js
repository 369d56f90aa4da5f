/*
 * Compiles all TypeScript of the project into a mirror of it, and bundles the page, so that tests need no compiler at run time:
 * `node test/compile.js`.
 */
import { mkdir, readdir, rm, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { build } from 'esbuild'
import { bundlePage } from '../bundle-page.js'
import { filesIn } from '../files-in.js'

export const root = join(import.meta.dirname, '..')
// A mirror of the project, in which tests find fixtures and the project's files where they look for them.
export const mirror = join(root, '.tap', 'compiled')
const otherFolders = new Set(['.git', '.tap', '.data', 'node_modules', 'dist', 'coverage', 'test-output'])

/** Compiles all TypeScript of the project into the mirror, and links every file into it: tests of the docs look for sources. */
export async function compile () {
  await rm(mirror, { recursive: true, force: true })
  const files = await projectFiles()
  const sources = files.filter((path) => path.endsWith('.ts'))
  await build({
    absWorkingDir: root,
    entryPoints: sources,
    outdir: mirror,
    outbase: root,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
  })
  for (const path of files) {
    const link = join(mirror, relative(root, path))
    await mkdir(dirname(link), { recursive: true })
    await symlink(path, link)
  }
  await symlink(join(root, 'node_modules'), join(mirror, 'node_modules'))
  await bundlePage(join(mirror, 'dist', 'page'))
}

/** Every file of the project, without those that are made, or no part of it. */
export async function projectFiles () {
  const entries = await readdir(root, { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory() && !otherFolders.has(entry.name))
  const inFolders = await Promise.all(folders.map(({ name }) => filesIn(join(root, name))))
  const ofFolders = inFolders.flat().filter((path) => !path.startsWith(join(root, 'client', 'dist')))
  return [...entries.filter((entry) => entry.isFile()).map(({ name }) => join(root, name)), ...ofFolders]
}

if (process.argv[1] === import.meta.filename) await compile()
