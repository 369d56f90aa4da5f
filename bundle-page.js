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
 * them, written last and each atomically, since other processes may read it or write the same.
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
  // Scripts of a frame without an origin are no modules: those are fetched with CORS.
  const viewer = await build({ ...options, entryPoints: { 'pdf-viewer': 'page/pdf-viewer/viewer.ts' }, format: 'iife', outdir })
  outputs.push(...Object.keys(viewer.metafile.outputs))
  const nameOf = (/** @type {RegExp} */ pattern) => basename(outputs.find((path) => pattern.test(path)) ?? '')
  const documents = await Promise.all([
    writeDocument('page/pdf-viewer/viewer.html', join(folder, 'pdf-viewer.html'), {
      VIEWER_SCRIPT: nameOf(/\bpdf-viewer-\w+\.js$/), VIEWER_STYLES: nameOf(/\bpdf-viewer-\w+\.css$/),
    }),
    writeDocument('page/document.html', join(folder, 'document.html'), {
      SCRIPT: nameOf(/\bpage-\w+\.js$/), STYLES: nameOf(/\bpage-\w+\.css$/), ICON: nameOf(/\.svg$/),
    }),
  ])
  return [...outputs, ...documents]
}

/**
 * @param {string} template from the project's root
 * @param {string} path
 * @param {Record<string, string>} names of files, by what stands for them in the template
 */
async function writeDocument (template, path, names) {
  const text = await readFile(join(root, template), 'utf8')
  const draft = `${path}.${process.pid}`
  await writeFile(draft, Object.entries(names).reduce((document, [mark, name]) => document.replaceAll(mark, name), text))
  await rename(draft, path)
  return relative(root, path)
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
