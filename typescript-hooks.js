/*
 * Node.js hooks that compile TypeScript as it is imported. Compiled files are cached: the tests run in some two
 * hundred processes, and most of them import the same files.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transform, version } from 'esbuild'

const folder = join(import.meta.dirname, '.tap', 'typescript')

/**
 * Finds `./name.ts` if a file imports `./name.js`, like the compiler.
 *
 * @type {import('node:module').ResolveHook}
 */
export async function resolve (specifier, context, nextResolve) {
  try {
    return await nextResolve(specifier, context)
  } catch (error) {
    if (!/^[./].*\.js$|^file:.*\.js$/.test(specifier)) throw error
    return await nextResolve(specifier.replace(/\.js$/, '.ts'), context).catch(() => { throw error })
  }
}

/** @type {import('node:module').LoadHook} */
export async function load (url, context, nextLoad) {
  if (!/^file:.*\.ts(?:\?|$)/.test(url)) return await nextLoad(url, context)
  return { format: 'module', source: await compile(fileURLToPath(url)), shortCircuit: true }
}

/** @param {string} path */
async function compile (path) {
  const source = await readFile(path, 'utf8')
  const hash = createHash('sha256').update(`${version}\0${path}\0${source}`).digest('hex')
  const kept = join(folder, `${hash}.js`)
  try {
    return await readFile(kept, 'utf8')
  } catch {
    const { code } = await transform(source, {
      loader: 'ts',
      format: 'esm',
      target: 'node20.19',
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
      sourcefile: path,
      sourcemap: 'inline',
      sourcesContent: false,
    })
    await keep(kept, code)
    return code
  }
}

/**
 * Writes a file atomically, since other processes may read it, or write the same.
 *
 * @param {string} path
 * @param {string} content
 */
async function keep (path, content) {
  const draft = `${path}.${process.pid}`
  await mkdir(folder, { recursive: true })
  await writeFile(draft, content)
  await rename(draft, path)
}
