/* How the page is bundled, for build.js, and for tests, which run from the sources. */
import { createHash } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { build } from 'esbuild'
import { filesIn } from './files-in.js'

const root = import.meta.dirname

/** @satisfies {import('esbuild').BuildOptions} */
const options = {
  absWorkingDir: root,
  entryPoints: { page: 'page/main.tsx', icon: 'page/icon.svg' },
  bundle: true,
  splitting: true,
  format: 'esm',
  target: ['chrome116', 'firefox124', 'safari17.4'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'copy' },
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
}

/**
 * Bundles the page: scripts, styles and pictures, whose names contain a hash of their content, and the document that names
 * them, which is written last and atomically, since other processes may read it or write the same.
 *
 * @param {string} folder where it is written
 * @returns the paths of what was written, from the project's root
 */
export async function bundlePage (folder) {
  const { metafile } = await build({ ...options, outdir: join(folder, 'assets') })
  const outputs = Object.keys(metafile.outputs)
  const nameOf = (/** @type {RegExp} */ pattern) => basename(outputs.find((path) => pattern.test(path)) ?? '')
  const template = await readFile(join(root, 'page', 'document.html'), 'utf8')
  const document = template
    .replaceAll('SCRIPT', nameOf(/\bpage-\w+\.js$/)).replaceAll('STYLES', nameOf(/\bpage-\w+\.css$/)).replaceAll('ICON', nameOf(/\.svg$/))
  const path = join(folder, 'document.html')
  const draft = `${path}.${process.pid}`
  await writeFile(draft, document)
  await rename(draft, path)
  return [...outputs, relative(root, path)]
}

/**
 * Bundles the page into the place where the service finds it when it runs from its sources, unless it is already up to date.
 */
export async function bundlePageIfChanged () {
  const folder = join(root, 'dist', 'page')
  const sources = [
    ...await filesIn(join(root, 'page')), ...(await filesIn(join(root, 'client'))).filter((path) => path.endsWith('.ts')),
    join(root, 'bundle-page.js'), join(root, 'package-lock.json'),
  ].sort()
  const hash = createHash('sha256')
  for (const path of sources) hash.update(`${relative(root, path)}\0`).update(await readFile(path))
  const made = hash.digest('hex')
  // A build for release leaves no such file.
  const stamp = join(folder, 'made-from')
  if (await readFile(stamp, 'utf8').catch(() => undefined) === made) return
  await bundlePage(folder)
  await writeFile(stamp, made)
}
