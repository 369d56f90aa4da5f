/*
 * Bundles the service into dist/, unless what is there was made of the same files already: for `npm start` and the commands,
 * which then start at once, and do so for a user who may only read the folder. What it does is told on standard error, since
 * standard output is the command's own.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { filesIn } from './files-in.js'

const root = import.meta.dirname
const folder = join(root, 'dist')
const stampPath = join(folder, 'build.json')
const source = /\.(?:ts|js)$|^package(?:-lock)?\.json$/
const notSources = new Set(['node_modules', 'dist', 'test', 'bench', 'docs', 'coverage', 'test-output'])

/** What the bundle is made of: the product's own code, the way it is bundled, and which libraries there are. */
async function hashSources () {
  const entries = await readdir(root, { withFileTypes: true })
  const rooms = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !notSources.has(entry.name))
  const ofRoot = entries.filter((entry) => entry.isFile()).map(({ name }) => join(root, name))
  const ofRooms = (await Promise.all(rooms.map(({ name }) => filesIn(join(root, name))))).flat()
  const paths = [...ofRoot, ...ofRooms].map((path) => relative(root, path))
    .filter((path) => source.test(path) && !path.startsWith(join('client', 'dist'))).sort()
  const hash = createHash('sha256')
  for (const path of paths) hash.update(`${path}\0`).update(await readFile(join(root, path)))
  return hash.digest('hex')
}

/**
 * What an earlier build was made of, as long as all that it has written is there.
 *
 * @returns {Promise<string | undefined>}
 */
async function readStamp () {
  try {
    const { sources, outputs } = JSON.parse(await readFile(stampPath, 'utf8'))
    return outputs.every((/** @type {string} */ path) => existsSync(join(root, path))) ? sources : undefined
  } catch {
    return undefined
  }
}

async function buildIfChanged () {
  const sources = await hashSources()
  if (await readStamp() === sources) return
  const start = performance.now()
  console.error('Building the service, since it is new or has changed …')
  await rm(stampPath, { force: true })
  // Where nothing is to be built, its libraries need not be installed.
  const { bundle } = await import('./bundle.js')
  const outputs = await bundle(folder)
  await writeFile(stampPath, JSON.stringify({ sources, outputs }))
  console.error(`Built in ${((performance.now() - start) / 1000).toFixed(1)} s.`)
}

buildIfChanged().catch((/** @type {NodeJS.ErrnoException} */ error) => {
  const isOfFolder = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC'].includes(error.code ?? '')
  console.error(isOfFolder ? `The folder ${folder} cannot be written (${error.code}): build as the user whom it belongs to.` : error)
  process.exitCode = 1
})
