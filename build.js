/*
 * Bundles the service into dist/ for `npm start` and the commands, unless it has already been built from the same files: they
 * then start at once, even for a user who may only read the folder. It reports on standard error, since standard output belongs
 * to the command.
 */
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashSources } from './hash-sources.js'

const root = import.meta.dirname
const folder = join(root, 'dist')
const stampPath = join(folder, 'build.json')

/**
 * What an earlier build was made from, as long as everything it wrote is still there.
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
  // If nothing has to be built, the libraries for building need not be installed.
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
