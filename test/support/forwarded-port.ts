import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import type { Test } from 'tap'

/** A port of this machine that leads to another one, like `ssh -L` or a container's published port; closed with the test. */
export async function forwardPort (t: Pick<Test, 'teardown'>, to: number): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => { near.destroy(); far.destroy() })
    }
    near.pipe(far).pipe(near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return addressOf(server.address()).port
}

function addressOf (address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('The forwarder has no port.')
  return address
}
