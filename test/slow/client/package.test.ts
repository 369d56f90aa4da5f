import { execFile, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { member, startService, workflowId } from '../../support/service.js'
import { startTransferProxy } from '../../support/transfer-proxy.js'

const run = promisify(execFile)
// The project itself, even if this is compiled to another folder, with links to its files.
const root = dirname(await realpath(new URL('../../../package.json', import.meta.url)))
const clients = await readFile(join(root, 'docs/clients.md'), 'utf8')

/** The code that docs/clients.md shows in a language: the first, or a later one. */
function recipe (language: string, index = 0): string {
  return [...clients.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))][index]?.[1] ?? ''
}

async function makeFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-package-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Packs the client without building it first; returns the path of the tarball. */
async function pack (folder: string): Promise<string> {
  await rm(join(root, 'client/dist'), { recursive: true, force: true })
  // The build and the packing print to the same output.
  const { stdout } = await run('npm', ['pack', '--silent', '--offline', '--pack-destination', folder], { cwd: join(root, 'client') })
  return join(folder, stdout.trim().split('\n').at(-1) ?? '')
}

t.test('the TypeScript of docs/clients.md compiles strictly against the packed client alone, and runs', async (t) => {
  const { app, authorise } = await startService(t)
  const API = await app.listen({ host: '127.0.0.1', port: 0 })
  const project = await makeFolder(t)
  const installed = join(project, 'node_modules/objects-storage-client')
  await mkdir(installed, { recursive: true })
  await run('tar', ['-xzf', await pack(await makeFolder(t)), '-C', installed, '--strip-components=1'])
  for (const name of ['openapi-fetch', '@types']) await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name))
  await writeFile(join(project, 'package.json'), '{ "type": "module" }')
  await writeFile(join(project, 'main.ts'), recipe('ts'))
  await writeFile(join(project, 'upload.ts'), recipe('ts', 1))
  await writeFile(join(project, 'archive.ts'), recipe('ts', 2))

  const compiler = [join(root, 'node_modules/typescript/bin/tsc'), '--module', 'nodenext', '--target', 'es2023', '--types', 'node',
    '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', 'main.ts', 'upload.ts', 'archive.ts']
  const compiled = await run(process.execPath, compiler, { cwd: project }).catch((error) => error)
  t.equal(compiled.stdout, '')
  const { PATH = '' } = process.env
  const TOKEN = authorise(member).authorization.replace('Bearer ', '')
  const { stdout } = await run(process.execPath, ['main.js'], { cwd: project, env: { PATH, API, TOKEN } })
  t.match(stdout, /^Hello, storage!\n\n\d+ bytes in \d+ files\nThere is no such file\.\n$/)

  await writeFile(join(project, 'weights.bin'), new Uint8Array(17 * 1024 ** 2))
  const uploaded = await run(process.execPath, ['upload.js'], { cwd: project, env: { PATH, API, TOKEN } })
  t.match(uploaded.stdout, /^0 %\n(?:\d+ %\n){3}100 %\n17825792 bytes at http:/)
  const refused = await run(process.execPath, ['upload.js'], { cwd: project, env: { PATH, API, TOKEN: 'none' } }).catch((error) => error)
  t.match(refused, { code: 1, stderr: /^TOKEN_INVALID: / })

  const objectKey = new URL(/http:\S+/.exec(uploaded.stdout)?.[0] ?? '').searchParams.get('objectKey') ?? ''
  await app.bucketEvents.recount(objectKey, { wasStored: true })
  const proxy = await startTransferProxy(t, API)
  proxy.cutBodies(5_000_000)
  const fetched = await run(process.execPath, ['archive.js'], { cwd: project, env: { PATH, API: proxy.origin, TOKEN } })
  const { rawPayload } = await app.inject({
    url: `/api/v1/objects/archive?workflowId=${workflowId}&runId=11111111-2222-4333-8444-555555555555&format=tar`, headers: authorise(member),
  })
  t.equal(fetched.stdout, `${rawPayload.length} bytes\n`)
  t.ok((await readFile(join(project, 'run.tar'))).equals(rawPayload))
  t.strictSame(proxy.answered.map(({ statusCode }) => statusCode), [200, 206])
})

const withoutRequests = spawnSync('python3', ['-c', 'import requests']).status !== 0 && 'Python has no requests'

t.test('the Python of docs/clients.md downloads a file', { skip: withoutRequests }, async (t) => {
  const { app, putFile, downloadPath } = await startService(t)
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const link = `${origin}${downloadPath(await putFile('Hello, storage!\n'))}`
  const folder = await makeFolder(t)
  await run('python3', ['-c', recipe('python'), link], { cwd: folder })
  t.equal(await readFile(join(folder, 'hello.txt'), 'utf8'), 'Hello, storage!\n')
})
