import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

/**
 * Sends a request exactly as written, which HTTP clients would correct, and returns the whole answer.
 *
 * @param lines the request line and headers except Host and Connection, then an empty line and the body
 */
export async function sendRaw (origin: string, lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(origin)
  const [requestLine, ...rest] = lines
  const socket = connect(Number(port), hostname)
  socket.write([requestLine, 'Host: x', 'Connection: close', ...rest, ...rest.includes('') ? [] : ['', '']].join('\r\n'))
  return await text(socket)
}
