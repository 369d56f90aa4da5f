/* Hashes everything that the service is bundled from. */
import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { filesIn } from './files-in.js'

const root = import.meta.dirname
// The page also consists of styles, the document and pictures.
const source = /\.(?:tsx?|js|css|html|svg)$|^package(?:-lock)?\.json$/
const notSources = new Set(['node_modules', 'dist', 'test', 'bench', 'docs', 'coverage', 'test-output'])

/** A hash of what the bundle is made from: the product's own code, the way it is bundled, and the installed libraries. */
export async function hashSources () {
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
