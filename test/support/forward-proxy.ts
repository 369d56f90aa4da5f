import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http'
import { type Socket, connect } from 'node:net'
import type { Test } from 'tap'
import { listenLocally } from './listen.js'

/** A forward proxy: tunnels with CONNECT, and requests with an absolute URL (RFC 9110, 9.3.6; RFC 9112, 3.2.2). */
export interface ForwardProxy {
  address: string
  /** The destinations it was asked for, each once: `tunnel host:port` or `request host:port`. */
  asked: Set<string>
  /** The values of Proxy-Authorization it received, each once. */
  authorizations: Set<string>
  /** Whether it accepts requests without ever answering. */
  isMute: boolean
}

/** Starts a proxy that alone knows some hosts, which lead to ports of this machine, and ends it with the test. */
export async function startForwardProxy (t: Pick<Test, 'teardown'>, ports: Record<string, number>): Promise<ForwardProxy> {
  const proxy: ForwardProxy = { address: '', asked: new Set(), authorizations: new Set(), isMute: false }
  const sockets = new Set<Socket>()
  const portOf = (kind: string, target: URL, { headers }: IncomingMessage) => {
    proxy.asked.add(`${kind} ${target.host}`)
    proxy.authorizations.add(headers['proxy-authorization'] ?? '')
    return ports[target.hostname]
  }
  const server = createServer((message: IncomingMessage, response: ServerResponse) => {
    const target = new URL(message.url ?? '')
    const port = portOf('request', target, message)
    if (proxy.isMute) return
    if (port === undefined) {
      response.writeHead(502).end()
      return
    }
    const { method, headers } = message
    const outgoing = request({ host: '127.0.0.1', port, method, path: target.pathname + target.search, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(response)
    })
    outgoing.on('error', () => { response.destroy() })
    message.pipe(outgoing)
  })
  server.on('connect', (message: IncomingMessage, client: Socket) => {
    sockets.add(client.on('error', () => {}))
    const port = portOf('tunnel', new URL(`tunnel://${message.url}`), message)
    if (proxy.isMute) return
    if (port === undefined) {
      client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
      return
    }
    const upstream = connect(port, '127.0.0.1')
    sockets.add(upstream)
    upstream.on('error', () => { client.destroy() }).once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      client.pipe(upstream).pipe(client)
    })
  })
  proxy.address = await listenLocally(t, server)
  // Before the server is closed, which would wait for them.
  t.teardown(() => { for (const socket of sockets) socket.destroy() })
  return proxy
}
