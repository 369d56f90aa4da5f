import { once } from 'node:events'
import { type Socket, connect, createServer } from 'node:net'
import type { Test } from 'tap'

/** A route to a PostgreSQL server that can be closed. */
export interface DatabaseGate {
  /** The database's URL by this route. */
  url: string
  /** Lets connections through; at first it does so only if told to. */
  open: () => void
  /** Ends all connections, and lets no others through. */
  close: () => void
  /** Passes nothing on, in either direction, until it is opened; connections stay. */
  freeze: () => void
}

/** Opens a route to a database for the duration of a test. While it is closed, it ends every connection at once. */
export async function startDatabaseGate (
  t: Pick<Test, 'teardown'>, databaseUrl: string, { isOpen = true } = {},
): Promise<DatabaseGate> {
  const { hostname, port } = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let state: 'closed' | 'open' | 'frozen' = isOpen ? 'open' : 'closed'
  const server = createServer((client) => {
    if (state === 'closed') {
      client.destroy()
      return
    }
    const database = connect(Number(port), hostname)
    client.pipe(database)
    database.pipe(client)
    for (const socket of [client, database]) {
      sockets.add(socket)
      socket.on('error', () => { socket.destroy() }).on('close', () => { sockets.delete(socket) })
    }
    client.on('close', () => { database.destroy() })
    database.on('close', () => { client.destroy() })
    if (state === 'frozen') for (const socket of [client, database]) socket.pause()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('It has no port.')
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${address.port}`
  return {
    url: url.href,
    open: () => {
      state = 'open'
      for (const socket of sockets) socket.resume()
    },
    close: () => {
      state = 'closed'
      for (const socket of sockets) socket.destroy()
    },
    freeze: () => {
      state = 'frozen'
      for (const socket of sockets) socket.pause()
    },
  }
}
