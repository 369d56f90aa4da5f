import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { SigningTarget } from '../../objects/presigning.js'

/** A server of the test's own, to do anything to. */
export interface FaultyServer {
  /** Stops all its processes where they are, without a word to anyone; connections stay open. */
  freeze: () => Promise<void>
  thaw: () => Promise<void>
  /** Ends it at once. */
  kill: () => Promise<void>
  /** Starts it again, with all that it had. Resolves once it listens. */
  start: () => Promise<void>
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('There is no free port.')
  return address.port
}

/** The folder of the newest PostgreSQL server's programs, 15 or later; undefined where there is none. */
export async function findPostgres (): Promise<string | undefined> {
  const versions = await readdir('/usr/lib/postgresql').catch(() => [])
  const [newest] = versions.map(Number).filter((version) => version >= 15).sort((left, right) => right - left)
  return newest === undefined ? undefined : `/usr/lib/postgresql/${newest}/bin`
}

/** Makes and starts a PostgreSQL server, as the user postgres where this is root, who may not. */
export async function startPostgres (t: Pick<Test, 'teardown'>, programs: string): Promise<FaultyServer & { url: string }> {
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
  await run('initdb', ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--no-sync'])
  const settings = `-p ${port} -k ${directory} -c listen_addresses=127.0.0.1 -c fsync=off`
  const start = async () => { await run('pg_ctl', ['-D', data, '-l', join(directory, 'log'), '-w', '-o', settings, 'start']) }
  const kill = async () => { await run('pg_ctl', ['-D', data, '-m', 'immediate', 'stop']) }
  const signalAll = async (signal: 'SIGSTOP' | 'SIGCONT') => {
    const [postmaster = ''] = (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')
    const children = (await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8')).split(' ').filter((pid) => pid !== '')
    for (const pid of [postmaster, ...children]) process.kill(Number(pid), signal)
  }
  await start()
  t.teardown(async () => {
    await kill()
    await rm(directory, { recursive: true })
  })
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    kill,
    start,
  }
}

/** Starts the embedded object store in a process of its own. */
export async function startStore (t: Pick<Test, 'teardown'>): Promise<FaultyServer & { target: SigningTarget }> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-store-'))
  const port = await freePort()
  const target = {
    endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', bucket: 'objects', accessKey: 'access', secretKey: 'secret-of-the-store',
  }
  let child: ChildProcess | undefined
  const start = async () => {
    const program = fileURLToPath(new URL('store-program.ts', import.meta.url))
    const started = spawn(process.execPath, [...process.execArgv, program], {
      env: {
        ...process.env,
        S3_BUCKET: target.bucket,
        S3_ACCESS_KEY: target.accessKey,
        S3_SECRET_KEY: target.secretKey,
        DIRECTORY: directory,
        PORT: String(port),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child = started
    await once(createInterface({ input: started.stdout }), 'line')
  }
  const kill = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await start()
  t.teardown(async () => {
    await kill()
    await rm(directory, { recursive: true })
  })
  return {
    target,
    freeze: async () => { child?.kill('SIGSTOP') },
    thaw: async () => { child?.kill('SIGCONT') },
    kill,
    start,
  }
}
