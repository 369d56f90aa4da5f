import fastifyPlugin from 'fastify-plugin'
import { firstOf, forwardedScheme } from '../../http/forwarded.js'

/**
 * If a request came through several proxies, each of which may have added to `X-Forwarded-Proto` and `-Host`, makes links use
 * what the client used. Fastify, which decides whether to trust these headers, reads the last value as it is.
 */
export default fastifyPlugin(async (app) => {
  if (app.config.TRUST_PROXY === undefined) return
  app.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    const { 'x-forwarded-proto': scheme, 'x-forwarded-host': host } = headers
    if (typeof scheme === 'string') headers['x-forwarded-proto'] = forwardedScheme(scheme)
    if (typeof host === 'string') headers['x-forwarded-host'] = firstOf(host)
    done()
  })
}, { name: 'forwarded', dependencies: ['config'] })
