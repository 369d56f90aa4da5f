import fastifyPlugin from 'fastify-plugin'
import { InvalidRequestError } from '../schemas/errors.js'

/**
 * Refuses a query string that is not percent-encoded UTF-8. The parser in use would pass `%zz` on as it stands and
 * turn bytes that are no UTF-8 into U+FFFD, so that a wrong request would look like one for another file.
 */
export default fastifyPlugin(async (app) => {
  app.addHook('onRequest', (request, _reply, done) => {
    const { url = '' } = request.raw
    try {
      if (url.includes('%')) decodeURIComponent(url)
    } catch {
      return done(new InvalidRequestError('The URL is not percent-encoded UTF-8.'))
    }
    done()
  })
}, { name: 'strict-query' })
