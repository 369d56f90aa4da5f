import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.js'

/** A PostgreSQL server in a temporary folder, on the loopback address. */
export interface LocalPostgres {
  url: string
  /** The parent of all the server's other processes. */
  postmasterId: () => Promise<number>
  /** Starts it again. Resolves once it listens. */
  start: () => Promise<void>
  /** `immediate` ends it like a crash would. */
  stop: (mode: 'fast' | 'immediate') => Promise<void>
  /** Removes the folder of a stopped server. */
  remove: () => Promise<void>
  /** Creates and starts a hot standby that follows it. */
  startStandby: () => Promise<Omit<LocalPostgres, 'startStandby'>>
}

const INSTALLED = '/usr/lib/postgresql'

/** The folder of the newest PostgreSQL server's programs (Debian's packages), 15 or later; undefined if there is none. */
export async function findPostgres (): Promise<string | undefined> {
  const versions = await readdir(INSTALLED).catch(() => [])
  const [newest] = versions.map(Number).filter((version) => version >= 15).sort((left, right) => right - left)
  return newest === undefined ? undefined : join(INSTALLED, String(newest), 'bin')
}

/**
 * Creates and starts a server; if this process is root, which may not run one, as the user postgres.
 *
 * @param programs as returned by `findPostgres`
 * @param settings besides the address, as `name=value`; all others are the server's defaults
 */
export async function startLocalPostgres (programs: string, settings: readonly string[] = []): Promise<LocalPostgres> {
  const server = await startServer(programs, settings, (data) => [
    'initdb', '-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--no-sync',
  ])
  const { port } = new URL(server.url)
  return {
    ...server,
    startStandby: () => startServer(programs, settings, (data) => [
      'pg_basebackup', '-D', data, '-R', '-h', '127.0.0.1', '-p', port, '-U', 'postgres', '--checkpoint=fast', '--no-sync',
    ]),
  }
}

async function startServer (
  programs: string, settings: readonly string[], create: (data: string) => [string, ...string[]],
): Promise<Omit<LocalPostgres, 'startStandby'>> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-postgres-'))
  const port = await freePort()
  const isRoot = process.getuid?.() === 0
  const run = async (program: string, options: string[]) => {
    const command = [join(programs, program), ...options]
    const child = isRoot
      ? spawn('runuser', ['-u', 'postgres', '--', ...command], { cwd: '/', stdio: 'ignore' })
      : spawn(command[0] ?? '', command.slice(1), { cwd: '/', stdio: 'ignore' })
    const [exitCode] = await once(child, 'exit')
    if (exitCode !== 0) throw new Error(`${program} ended with ${exitCode}.`)
  }
  if (isRoot) {
    const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(await readFile('/etc/passwd', 'utf8')) ?? []
    await chown(directory, Number(uid), Number(gid))
  }
  const data = join(directory, 'data')
  const [program, ...programOptions] = create(data)
  await run(program, programOptions)
  const options = [`-p ${port} -k ${directory}`, ...['listen_addresses=127.0.0.1', ...settings].map((setting) => `-c ${setting}`)]
  const start = () => run('pg_ctl', ['-D', data, '-l', join(directory, 'log'), '-w', '-o', options.join(' '), 'start'])
  await start()
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    postmasterId: async () => Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]),
    start,
    stop: (mode) => run('pg_ctl', ['-D', data, '-m', mode, 'stop']),
    remove: () => rm(directory, { recursive: true }),
  }
}
