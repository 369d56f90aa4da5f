import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Test } from 'tap'

/** Starts a server that accepts connections and says nothing, until the end of the test. Returns its URL. */
export async function startSilentServer (t: Pick<Test, 'teardown'>): Promise<string> {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('It has no port.')
  return `http://127.0.0.1:${address.port}`
}
