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
  format: 'esm',
  target: ['chrome116', 'firefox124', 'safari17.4'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'copy' },
  entryNames: '[name]-[hash]',
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
}

/**
 * Bundles by itself what the page imports later. With esbuild's splitting, the helpers that Uppy's modules need would be in a
 * file that the page loads at once. What is in both is there twice, and must have no state.
 *
 * @param {string} outdir
 * @param {string[]} outputs to which the paths of what was written are added
 * @returns {import('esbuild').Plugin}
 */
const bundleLater = (outdir, outputs) => ({
  name: 'bundle-later',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\./ }, async ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined
      const { metafile } = await build({ ...options, entryPoints: [join(resolveDir, path.replace(/\.js$/, '.ts'))], outdir })
      const [written = ''] = Object.keys(metafile.outputs)
      outputs.push(written)
      return { path: `./${basename(written)}`, external: true }
    })
  },
})

/**
 * Bundles the page: scripts, styles and pictures, whose names contain a hash of their content, and the document that names
 * them, which is written last and atomically, since other processes may read it or write the same.
 *
 * @param {string} folder where it is written
 * @returns the paths of what was written, from the project's root
 */
export async function bundlePage (folder) {
  const outdir = join(folder, 'assets')
  /** @type {string[]} */
  const outputs = []
  const { metafile } = await build({ ...options, outdir, plugins: [bundleLater(outdir, outputs)] })
  outputs.push(...Object.keys(metafile.outputs))
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
