import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { bundle } from '../../bundle.js'
import { hashSources } from '../../hash-sources.js'
import { keepFolder } from './kept-folder.js'

interface CommandResult {
  exitCode: number | null
  signal: string | null
  output: string
  errors: string
}

/** The service's commands, each run in its own process with only the given environment variables. */
export interface Commands {
  /** Where they are built to, in the role of dist/. */
  folder: string
  start: (
    name: string, options: readonly string[], environment: Record<string, string>,
  ) => { child: ChildProcess, ended: Promise<CommandResult> }
  run: (name: string, options: readonly string[], environment: Record<string, string>) => Promise<CommandResult>
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Builds the commands as they are released, into a folder that is removed with the test. */
export async function compileCommands (t: Pick<Test, 'teardown'>): Promise<Commands> {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-commands-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const commands = await keepFolder('commands', (await hashSources()).slice(0, 16), bundle)
  await cp(commands, folder, { recursive: true })
  for (const name of ['embedded', 'node_modules']) await symlink(join(root, name), join(folder, name))
  await mkdir(join(folder, 'dist'))
  await symlink(join(folder, 'page'), join(folder, 'dist', 'page'))
  // Copied rather than linked, since the file `.env` is read from beside it.
  await cp(join(root, 'package.json'), join(folder, 'package.json'), { dereference: true })

  const start: Commands['start'] = (name, options, environment) => {
    const { PATH = '', HOME = '' } = process.env
    const child = spawn(process.execPath, [join(folder, 'commands', `${name}.js`), ...options], {
      env: { PATH, HOME, ...environment }, stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
      .then(([[exitCode, signal], output, errors]) => ({ exitCode, signal, output, errors }))
    return { child, ended }
  }
  return { folder, start, run: async (name, options, environment) => await start(name, options, environment).ended }
}
