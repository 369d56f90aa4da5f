import fastifyPlugin from 'fastify-plugin'
import { InvalidRequestError } from '../../schemas/errors.js'

/**
 * Refuses a query string that is not percent-encoded UTF-8. The parser in use would pass `%zz` on as it stands and
 * turn bytes that are not UTF-8 into U+FFFD, so that a wrong request would look like one for another file.
 */
export default fastifyPlugin(async (app) => {
  app.addHook('onRequest', (request, _reply, done) => {
    const { url = '' } = request.raw
    done(hasOnlyAsciiEscapes(url) || isDecodable(url) ? undefined : new InvalidRequestError('The URL is not percent-encoded UTF-8.'))
  })
}, { name: 'strict-query' })

/** So it is with nearly every URL, and this takes a quarter of the time that decoding it does. */
function hasOnlyAsciiEscapes (url: string): boolean {
  for (let at = url.indexOf('%'); at !== -1; at = url.indexOf('%', at + 3)) {
    const [high, low] = [url.charCodeAt(at + 1), url.charCodeAt(at + 2)]
    const isAscii = high >= 0x30 && high <= 0x37
    const isDigit = low >= 0x30 && low <= 0x39
    const isLetter = (low | 0x20) >= 0x61 && (low | 0x20) <= 0x66
    if (!isAscii || !(isDigit || isLetter)) return false
  }
  return true
}

function isDecodable (url: string): boolean {
  try {
    decodeURIComponent(url)
    return true
  } catch {
    return false
  }
}
