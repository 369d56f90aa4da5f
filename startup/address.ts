import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Config } from '../config.js'
import { errorCode } from '../errors/error-code.js'

/** The service cannot listen where HOST and PORT say: the message says why, in one line. */
export class AddressUnusableError extends Error {
  override name = 'AddressUnusableError'
}

/**
 * Makes sure that the service will be able to listen. Starting the embedded parts takes seconds, which nobody should wait only
 * to learn that the port is taken.
 *
 * @throws {AddressUnusableError}
 */
export async function requireUsableAddress (address: Pick<Config, 'HOST' | 'PORT'>): Promise<void> {
  const server = createServer()
  try {
    await once(server.listen(address.PORT, address.HOST), 'listening')
  } catch (error) {
    throw asAddressFailure(error, address)
  }
  server.close()
  await once(server, 'close')
}

/** What kept a server from listening at an address, if an error says that; else the error itself. */
export function asAddressFailure (error: unknown, { HOST, PORT }: Pick<Config, 'HOST' | 'PORT'>): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !['listen', 'bind', 'getaddrinfo'].includes(String(error.syscall))) return error
  return new AddressUnusableError(explain(errorCode(error), HOST, PORT), { cause: error })
}

function explain (code: string, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE': return `PORT: another program listens on port ${port} of ${host}, perhaps this service: stop it, or choose another port.`
    case 'EACCES': return `PORT: this user may not listen on port ${port}: choose one above 1023.`
    case 'EADDRNOTAVAIL': return `HOST: this machine does not have the address ${host}; 0.0.0.0 is all that it has.`
    case 'ENOTFOUND':
    case 'EAI_AGAIN': return `HOST: the name ${host} has no address; 0.0.0.0 is all that this machine has.`
    default: return `HOST and PORT: the service cannot listen on port ${port} of ${host} (${code}).`
  }
}
