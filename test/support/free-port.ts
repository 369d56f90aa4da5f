import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ports that systems give to outgoing connections, and to those who ask for one: a server that is stopped for a while
// finds its own still free, and nobody who tries to reach it meanwhile connects to itself.
const FIRST_PORT = 29_500
const LAST_PORT = 32_499
const ATTEMPTS = 20

/** A port on the loopback address that nobody listens on. For servers that cannot be told to take any. */
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
