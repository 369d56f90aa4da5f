import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SUPERUSER } from './cluster.js'
import type { ServerSettings } from './settings.js'

/** Where a server listens, and how it is reached there. */
export interface Address {
  settings: ServerSettings
  /** @param password the superuser's */
  url: (password: string) => string
  /** Removes what was created to reach it. */
  close: () => Promise<void>
}

const PORT = 5432
/** What fits into sockaddr_un, even where that is shortest. Node.js 20 silently truncates a longer path. */
const SOCKET_PATH_MAX_BYTES = 103

/** A Unix socket in the folder of the data, which only its owner can enter. It needs no port, and nobody else can reach it. */
export async function socketAddress (directory: string): Promise<Address> {
  const isTooLong = Buffer.byteLength(join(directory, `.s.PGSQL.${PORT}`)) > SOCKET_PATH_MAX_BYTES
  const shortcut = isTooLong ? await mkdtemp(join(tmpdir(), 'objects-storage-')) : undefined
  if (shortcut !== undefined) await symlink(directory, join(shortcut, 'd'))
  const folder = shortcut === undefined ? directory : join(shortcut, 'd')
  return {
    // The server's working directory is the folder of its data.
    settings: { listen_addresses: '', unix_socket_directories: '.', port: String(PORT) },
    url: (password) => `postgres://${SUPERUSER}:${password}@localhost/postgres?host=${encodeURIComponent(folder)}`,
    close: async () => {
      if (shortcut !== undefined) await rm(shortcut, { recursive: true, force: true })
    },
  }
}

/** A free port of this machine, where there are no Unix sockets or they would not do. */
export async function portAddress (): Promise<Address> {
  const port = await findPort()
  return {
    settings: { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: String(port) },
    url: (password) => `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`,
    close: async () => {},
  }
}

async function findPort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server.address())
  server.close()
  await once(server, 'close')
  return port
}

function portOf (address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new TypeError('The server does not listen at a port.')
  return address.port
}
