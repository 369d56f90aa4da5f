import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { FixedCredentials } from '../../../store/credentials.js'
import type { SigningTarget } from '../../../store/presigning.js'
import { freePort } from '../../support/free-port.js'
import { startLocalPostgres } from '../../support/postgres-server.js'

/** A server for this test alone, which it may break at will. */
export interface FaultyServer {
  /** Stops all its processes abruptly, as they are; connections stay open. */
  freeze: () => Promise<void>
  thaw: () => Promise<void>
  /** Kills it at once. */
  kill: () => Promise<void>
  /** Starts it again, with all its data. Resolves once it listens. */
  start: () => Promise<void>
}

/** Creates and starts a PostgreSQL server. */
export async function startPostgres (t: Pick<Test, 'teardown'>, programs: string): Promise<FaultyServer & { url: string }> {
  const { url, postmasterId, start, stop, remove } = await startLocalPostgres(programs, ['fsync=off'])
  const kill = () => stop('immediate')
  const signalAll = async (signal: 'SIGSTOP' | 'SIGCONT') => {
    const postmaster = await postmasterId()
    const children = (await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8')).split(' ').filter((pid) => pid !== '')
    for (const pid of [postmaster, ...children.map(Number)]) process.kill(pid, signal)
  }
  t.teardown(async () => {
    await kill()
    await remove()
  })
  return { url, freeze: () => signalAll('SIGSTOP'), thaw: () => signalAll('SIGCONT'), kill, start }
}

/** Starts the embedded object store in its own process. */
export async function startStore (t: Pick<Test, 'teardown'>): Promise<FaultyServer & { target: SigningTarget }> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-store-'))
  const port = await freePort()
  const target = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    bucket: 'objects',
    credentials: new FixedCredentials({ accessKey: 'access', secretKey: 'secret-of-the-store' }),
  }
  let child: ChildProcess | undefined
  const start = async () => {
    const program = fileURLToPath(new URL('store-program.ts', import.meta.url))
    const started = spawn(process.execPath, ['--import', './typescript.js', program], {
      env: {
        ...process.env,
        S3_BUCKET: target.bucket,
        S3_ACCESS_KEY: target.credentials.current.accessKey,
        S3_SECRET_KEY: target.credentials.current.secretKey,
        DIRECTORY: directory,
        PORT: String(port),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child = started
    const endedEarly = once(started, 'exit').then(() => { throw new Error('The store did not start.') })
    await Promise.race([once(createInterface({ input: started.stdout }), 'line'), endedEarly])
    endedEarly.catch(() => {})
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
