import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

/**
 * Sends a request as it is written, which HTTP clients would put right, and gives the whole answer.
 *
 * @param lines the request line and headers but for Host and Connection, and after an empty one the body
 */
export async function sendRaw (origin: string, lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(origin)
  const [requestLine, ...rest] = lines
  const socket = connect(Number(port), hostname)
  socket.write([requestLine, 'Host: x', 'Connection: close', ...rest, ...rest.includes('') ? [] : ['', '']].join('\r\n'))
  return await text(socket)
}
