import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Test } from 'tap'

/**
 * Makes a server listen on a free port of this machine, and closes it with the test, even with open connections.
 *
 * @returns its origin
 */
export async function listenLocally (t: Pick<Test, 'teardown'>, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return `http://127.0.0.1:${address.port}`
}
