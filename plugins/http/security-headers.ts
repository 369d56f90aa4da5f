import fastifyPlugin from 'fastify-plugin'
import { strictTransportSeconds } from '../../http/strict-transport-security.js'

/**
 * Headers of the API's JSON, which is for programs: no browser is to show it, take it for something else or keep where it came
 * from. Downloads have headers of their own, and pages a policy of their own. Plain constants, since helmet's hooks would
 * run on downloads, too.
 */
export default fastifyPlugin(async (app) => {
  const maxAgeSeconds = strictTransportSeconds(app.config.PUBLIC_URL)
  const headers = {
    'content-security-policy': 'default-src \'none\'; frame-ancestors \'none\'',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...maxAgeSeconds === undefined ? {} : { 'strict-transport-security': `max-age=${maxAgeSeconds}` },
  }
  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/api/') || route.url.endsWith('/download')) return
    const hooks = route.onRequest === undefined ? [] : [route.onRequest].flat()
    route.onRequest = [(_request, reply, done) => {
      reply.headers(headers)
      done()
    }, ...hooks]
  })
}, { name: 'security-headers', dependencies: ['config'] })
