import { once } from 'node:events'
import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Config } from '../config.js'
import { errorCode } from '../errors/error-code.js'

/** What fits into sockaddr_un on every system. Node.js 20 silently truncates a longer path. */
const SOCKET_PATH_MAX_BYTES = 103

/** The service cannot listen where HOST and PORT say; the message says why, in one line. */
export class AddressUnusableError extends Error {
  override name = 'AddressUnusableError'
}

/**
 * Checks that the service will be able to listen. Starting the embedded parts takes seconds, which nobody should wait just to
 * learn that the port is taken.
 *
 * @throws {AddressUnusableError}
 */
export async function requireUsableAddress (address: Pick<Config, 'HOST' | 'PORT'>): Promise<void> {
  const server = createServer()
  try {
    const path = socketPathOf(address)
    if (path !== undefined && Buffer.byteLength(path) > SOCKET_PATH_MAX_BYTES) {
      throw new AddressUnusableError(`HOST: the path of the socket is too long, with more than ${SOCKET_PATH_MAX_BYTES} bytes: choose a shorter one.`)
    }
    if (path !== undefined) await removeStaleSocket(path)
    await once(server.listen(listenOptions(address)), 'listening')
  } catch (error) {
    throw asAddressFailure(error, address)
  }
  server.close()
  await once(server, 'close')
}

/** The path of the Unix socket that HOST names; undefined if it names an address. */
export function socketPathOf ({ HOST }: Pick<Config, 'HOST'>): string | undefined {
  return HOST.startsWith('unix:') ? HOST.slice('unix:'.length) : undefined
}

/** Where a server is to listen. */
export function listenOptions (address: Pick<Config, 'HOST' | 'PORT'>): { path: string } | { host: string, port: number } {
  const path = socketPathOf(address)
  return path === undefined ? { host: address.HOST, port: address.PORT } : { path }
}

/** Sets who may connect to the Unix socket, if there is one, according to SOCKET_MODE. */
export function openSocket (config: Pick<Config, 'HOST' | 'SOCKET_MODE'>): void {
  const path = socketPathOf(config)
  if (path !== undefined) chmodSync(path, Number.parseInt(config.SOCKET_MODE, 8))
}

/**
 * Removes a socket left behind by a killed process, at which nobody answers. A socket at which somebody answers stays, and so
 * does any other kind of file, so that listening then fails.
 */
async function removeStaleSocket (path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found?.isSocket() !== true) return
  const socket = connect(path)
  const code = await once(socket, 'connect').then(() => '', errorCode)
  socket.destroy()
  // Removed synchronously after looking again: another start may have created a new one meanwhile.
  if (code === 'ECONNREFUSED' && lstatSync(path, { throwIfNoEntry: false })?.ino === found.ino) unlinkSync(path)
}

/** Why a server could not listen at an address, if the error says that; otherwise the error itself. */
export function asAddressFailure (error: unknown, { HOST, PORT }: Pick<Config, 'HOST' | 'PORT'>): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !['listen', 'bind', 'getaddrinfo', 'lstat'].includes(String(error.syscall))) return error
  const path = socketPathOf({ HOST })
  const message = path === undefined ? explain(errorCode(error), HOST, PORT) : explainSocket(errorCode(error), path)
  return new AddressUnusableError(message, { cause: error })
}

function explain (code: string, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE': return `PORT: another program listens on port ${port} of ${host}, perhaps this service: stop it, or choose another port.`
    case 'EACCES': return `PORT: this user may not listen on port ${port}: choose one above 1023.`
    case 'EADDRNOTAVAIL': return `HOST: this machine does not have the address ${host}; 0.0.0.0 stands for all that it has.`
    case 'ENOTFOUND':
    case 'EAI_AGAIN': return `HOST: the name ${host} has no address; 0.0.0.0 stands for all that this machine has.`
    default: return `HOST and PORT: the service cannot listen on port ${port} of ${host} (${code}).`
  }
}

function explainSocket (code: string, path: string): string {
  switch (code) {
    case 'EADDRINUSE': return `HOST: another program listens at the socket ${path}, perhaps this service, or that path is another kind of file: stop the program, or choose another path.`
    case 'EACCES': return `HOST: this user may not create the socket ${path}: choose another folder, or give this user access to that one.`
    case 'ENOTDIR':
    case 'ENOENT': return `HOST: there is no folder for the socket ${path}: create it, or choose another path.`
    default: return `HOST: the service cannot listen at the socket ${path} (${code}).`
  }
}
