import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import t, { type Test } from 'tap'
import { mintObjectKey } from '../../../objects/object-key.js'
import { readZip } from '../../support/archives.js'
import { member, runId, startService, workflowId } from '../../support/service.js'
import { startTransferProxy } from '../../support/transfer-proxy.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../../', import.meta.url))
const clients = await readFile(join(root, 'docs/clients.md'), 'utf8')
const recipes = [...clients.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ language, text }))
const withoutRegistry = await run('npm', ['ping', '--fetch-retries=0', '--fetch-timeout=10000']).then(
  () => false as const, () => 'npm\'s registry does not answer')

function recipe (language: string, content: string): string {
  const found = recipes.filter((each) => each.language === language && each.text.includes(content))
  if (found.length !== 1) throw new Error(`docs/clients.md has ${found.length} recipes with ${content}.`)
  return found[0]?.text ?? ''
}

/** Runs a recipe's commands in an empty folder, as a reader with nothing else would. */
async function runShell (folder: string, text: string, environment: Record<string, string> = {}): Promise<string> {
  const { PATH = '', HOME = '' } = process.env
  return (await run('sh', ['-e', '-c', text], { cwd: folder, env: { PATH, HOME, ...environment } })).stdout
}

async function makeFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-recipe-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

t.test('docs/clients.md has no recipe that no test runs', async (t) => {
  t.strictSame(recipes.map(({ language }) => language), ['ts', 'ts', 'ts', 'sh', 'ts', 'sh', 'sh', 'python'])
})

t.test('the generator makes a client in an empty folder, with which the recipe compiles and runs', { skip: withoutRegistry }, async (t) => {
  const { app, authorise } = await startService(t)
  const API = await app.listen({ host: '127.0.0.1', port: 0 })
  const folder = await makeFolder(t)
  await copyFile(join(root, 'openapi.yaml'), join(folder, 'openapi.yaml'))
  await runShell(folder, recipe('sh', 'openapi-ts'))

  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'main.ts'), recipe('ts', './sdk/'))
  await mkdir(join(folder, 'node_modules'))
  await symlink(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'))
  // Without a tsconfig.json that says otherwise, the generated code is for a bundler.
  const compiler = [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--module', 'esnext', '--moduleResolution', 'bundler',
    '--target', 'es2023', '--lib', 'es2023,dom,dom.iterable', '--types', 'node', '--strict', 'main.ts']
  const compiled = await run(process.execPath, compiler, { cwd: folder }).catch((error) => error)
  t.equal(compiled.stdout, '')
  await build({
    absWorkingDir: folder, entryPoints: ['main.ts'], bundle: true, platform: 'node', format: 'esm', outfile: join(folder, 'main.js'),
  })
  const TOKEN = authorise(member).authorization.replace('Bearer ', '')
  t.equal(await runShell(folder, 'node main.js', { API, TOKEN }), '0 bytes in 0 files\n')
})

t.test('curl resumes an interrupted download', async (t) => {
  const { app, putFile, downloadPath } = await startService(t)
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const folder = await makeFolder(t)
  await writeFile(join(folder, 'report.pdf'), 'Hello, ')
  const DOWNLOAD_URL = `${origin}${downloadPath(await putFile('Hello, storage!\n'))}`
  await runShell(folder, recipe('sh', 'report.pdf'), { DOWNLOAD_URL })
  t.equal(await readFile(join(folder, 'report.pdf'), 'utf8'), 'Hello, storage!\n')
})

t.test('curl resumes an interrupted archive', async (t) => {
  const { app, authorise, putFile } = await startService(t)
  const proxy = await startTransferProxy(t, await app.listen({ host: '127.0.0.1', port: 0 }))
  const body = randomBytes(500_000)
  const objectKey = mintObjectKey({ orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction: 'outputs', path: 'a.bin' })
  await putFile(body, { objectKey })
  await app.bucketEvents.recount(objectKey, { wasStored: true })
  const folder = await makeFolder(t)
  const TOKEN = authorise(member).authorization.replace('Bearer ', '')
  const ARCHIVE_URL = `${proxy.origin}/api/v1/objects/archive?workflowId=${workflowId}&runId=${runId}`
  proxy.cutBodies(200_000)
  await runShell(folder, recipe('sh', 'ARCHIVE_URL'), { ARCHIVE_URL, TOKEN })
  t.strictSame(proxy.answered.map(({ statusCode }) => statusCode), [200, 206])
  t.ok(readZip(await readFile(join(folder, 'run.zip'))).get('a.bin')?.equals(body))

  // What docs/archives.md says about an archive that has changed meanwhile.
  await truncate(join(folder, 'run.zip'), 1000)
  const options = ['-sS', '-C', '-', '-o', 'run.zip', '-H', `Authorization: Bearer ${TOKEN}`, '-H', 'If-Range: "other"', ARCHIVE_URL]
  t.match(await run('curl', options, { cwd: folder }).catch((error: unknown) => error), { code: 33 })
})
