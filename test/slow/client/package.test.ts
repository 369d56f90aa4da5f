import { execFile, spawnSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import ts from 'typescript'
import { member, startService } from '../../support/service.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../../', import.meta.url))
const clients = await readFile(join(root, 'docs/clients.md'), 'utf8')

/** The first code that docs/clients.md shows in a language. */
function recipe (language: string): string {
  return new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(clients)?.[1] ?? ''
}

async function makeFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-package-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Builds the client as `npm run build` does, and packs it: the path of the tarball. */
async function pack (folder: string): Promise<string> {
  const build = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.build.json'), {}, {
    ...ts.sys, onUnRecoverableConfigFileDiagnostic: ({ messageText }) => { throw new Error(String(messageText)) },
  })
  ts.createProgram([join(root, 'client/index.ts')], { ...build?.options, outDir: join(folder, 'dist') }).emit()
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'))
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--offline', '--json'], { cwd: folder })
  return join(folder, JSON.parse(stdout)[0].filename)
}

t.test('the TypeScript of docs/clients.md compiles strictly against the packed client alone, and runs', async (t) => {
  const { app, authorise } = await startService(t)
  const API = await app.listen({ host: '127.0.0.1', port: 0 })
  const project = await makeFolder(t)
  const installed = join(project, 'node_modules/objects-storage')
  await mkdir(installed, { recursive: true })
  await run('tar', ['-xzf', await pack(await makeFolder(t)), '-C', installed, '--strip-components=1'])
  for (const name of ['openapi-fetch', '@types']) await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name))
  await writeFile(join(project, 'package.json'), '{ "type": "module" }')
  await writeFile(join(project, 'main.ts'), recipe('ts'))

  const compiler = [join(root, 'node_modules/typescript/bin/tsc'), '--module', 'nodenext', '--target', 'es2023', '--types', 'node',
    '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', 'main.ts']
  const compiled = await run(process.execPath, compiler, { cwd: project }).catch((error) => error)
  t.equal(compiled.stdout, '')
  const { PATH = '' } = process.env
  const TOKEN = authorise(member).authorization.replace('Bearer ', '')
  const { stdout } = await run(process.execPath, ['main.js'], { cwd: project, env: { PATH, API, TOKEN } })
  t.match(stdout, /^Hello, storage!\n\n\d+ bytes in \d+ files\nThere is no such file\.\n$/)
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
