import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ports that systems assign to outgoing connections, and to programs that ask for any: a server that is stopped for a
// while finds its own port still free, and nobody who tries to connect to it meanwhile connects to themselves.
const FIRST_PORT = 29_500
const LAST_PORT = 32_499
const ATTEMPTS = 20

/** A free port on the loopback address, for servers that cannot be told to choose one themselves. */
export async function freePort (): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1))
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(() => true, () => false)
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
  throw new Error('There is no free port.')
}
