import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.js'

/** Where Debian's package installs it. */
const PGBOUNCER = '/usr/sbin/pgbouncer'

/** Why PgBouncer cannot be used here; false if it can. */
export const withoutPgBouncer = !existsSync(PGBOUNCER) && 'PgBouncer is not installed'

/** A connection pooler on the loopback address. */
export interface PgBouncer {
  /** Leads to the same database, through the pooler. */
  url: string
  /** Ends it with all its connections, and starts it again on the same port. */
  restart: () => Promise<void>
  stop: () => Promise<void>
}

/**
 * Starts PgBouncer in front of a database, for anyone who connects to it as the user that the URL names.
 *
 * @param options.settings lines of its section `[pgbouncer]`, as `name = value`
 */
export async function startPgBouncer (
  url: string, { mode = 'transaction', poolSize = 5, port, settings = [] }: {
    mode?: 'transaction' | 'session', poolSize?: number, port?: number, settings?: readonly string[]
  } = {},
): Promise<PgBouncer> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-pgbouncer-'))
  const ownPort = port ?? await freePort()
  const { hostname, port: serverPort, username, password } = new URL(url)
  const file = join(directory, 'pgbouncer.ini')
  await writeFile(file, `
[databases]
* = host=${hostname} port=${serverPort} user=${username}${password === '' ? '' : ` password=${decodeURIComponent(password)}`}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${poolSize}
max_client_conn = 200
server_login_retry = 1
${settings.join('\n')}
`)
  // PgBouncer refuses to run as root.
  const owner = process.getuid?.() === 0 ? await readPostgresUser() : {}
  const { uid, gid } = owner
  if (uid !== undefined && gid !== undefined) for (const path of [directory, file]) await chown(path, uid, gid)
  const start = async () => {
    const child = spawn(PGBOUNCER, ['-q', file], { cwd: '/', stdio: 'ignore', ...owner })
    const gone = once(child, 'exit')
    await untilListening(ownPort)
    return async () => {
      // Stops at once, ending all connections.
      child.kill('SIGTERM')
      await gone
    }
  }
  let end = await start()
  const own = new URL(url)
  own.hostname = '127.0.0.1'
  own.port = String(ownPort)
  return {
    url: own.href,
    restart: async () => {
      await end()
      end = await start()
    },
    stop: async () => {
      await end()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function readPostgresUser (): Promise<{ uid?: number, gid?: number }> {
  const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(await readFile('/etc/passwd', 'utf8')) ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

async function untilListening (port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isListening = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => { resolve(true) })
      socket.once('error', () => { resolve(false) })
    })
    socket.destroy()
    if (isListening) return
    await new Promise((resolve) => { setTimeout(resolve, 20) })
  }
}
