import { createHash } from 'node:crypto'
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import type { Test } from 'tap'
import { listenLocally } from '../../support/listen.js'

const MiB = 1024 ** 2
// The project itself, even if this is compiled to another folder, with links to its files.
const root = dirname(await realpath(new URL('../../../package.json', import.meta.url)))

const fillBlock = `(block) => {
  let state = 1
  for (let index = 0; index < block.length; index++) block[index] = state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return block
}`
const script = `
  import { createUppy } from './example.js'
  import { createClient, uploadFile } from 'objects-storage-client'

  const fillBlock = ${fillBlock}
  // Blocks that differ in their first bytes and share the rest, which is in memory once.
  function makeFile (mebibytes) {
    const rest = new Blob([fillBlock(new Uint32Array(${MiB} / 4 - 1))])
    const parts = Array.from({ length: mebibytes }, (_, index) => [Uint32Array.of(index), rest]).flat()
    return new File(parts, 'weights.bin', { type: 'application/x-weights', lastModified: 1_700_000_000_000 })
  }

  window.arrivedParts = 0
  window.uppy = async (options, mebibytes) => {
    const uppy = createUppy(options)
    uppy.on('s3-multipart:part-uploaded', () => { window.arrivedParts++ })
    uppy.addFile({ name: 'weights.bin', type: 'application/x-weights', data: makeFile(mebibytes) })
    const { successful, failed } = await uppy.upload()
    if (failed.length > 0) throw new Error(failed[0].error)
    return successful[0].uploadURL
  }
  window.uploadFile = async ({ baseUrl, token, run }, mebibytes) => {
    const begun = localStorage.getItem('begun')
    const { downloadUrl } = await uploadFile(makeFile(mebibytes), {
      ...run,
      client: createClient({ baseUrl, token }),
      onBegin: (point) => { localStorage.setItem('begun', JSON.stringify(point)) },
      onProgress: ({ sentBytes }) => { window.arrivedParts = Math.ceil(sentBytes / (5 * ${MiB})) },
      ...begun === null ? {} : { resumeFrom: JSON.parse(begun) },
    })
    return downloadUrl
  }`

/** The SHA-256 of the file that the page makes. */
export function digestOfFile (mebibytes: number): string {
  const words = new Uint32Array(MiB / 4)
  let state = 1
  for (let index = 1; index < words.length; index++) words[index] = state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  const hash = createHash('sha256')
  for (let index = 0; index < mebibytes; index++) {
    words[0] = index
    hash.update(words)
  }
  return hash.digest('hex')
}

/**
 * Serves a page, of an origin of its own, with the code for Uppy that docs/uploads.md shows.
 *
 * @returns its origin
 */
export async function serveUploadPage (t: Pick<Test, 'teardown'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-page-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const example = /^```js\n(.*?)^```$/ms.exec(await readFile(join(root, 'docs/uploads.md'), 'utf8'))?.[1]
  if (example === undefined) throw new Error('docs/uploads.md shows no code for Uppy.')
  await writeFile(join(folder, 'example.js'), example)
  await writeFile(join(folder, 'page.js'), script)
  const { outputFiles: [bundle] } = await build({
    entryPoints: [join(folder, 'page.js')],
    bundle: true,
    write: false,
    format: 'esm',
    nodePaths: [join(root, 'node_modules')],
    alias: { 'objects-storage-client': join(root, 'client/index.ts') },
  })
  return await listenLocally(t, createServer(({ url }, response) => {
    if (url === '/page.js') response.setHeader('content-type', 'text/javascript').end(bundle?.contents)
    else response.setHeader('content-type', 'text/html').end('<!doctype html><script type="module" src="/page.js"></script>')
  }))
}
