import fastifyPlugin from 'fastify-plugin'
import { strictTransportSeconds } from '../../http/strict-transport-security.js'

/**
 * Headers of the API's JSON, which is for programs: no browser should show it, guess another type for it or pass its URL on as
 * a referrer. Downloads have their own headers, and pages their own policy. Plain constants, since helmet's hooks would also
 * run on downloads.
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
    if (!route.url.startsWith('/api/') || /\/(?:download|shared\/:sealed)$/.test(route.url)) return
    const hooks = route.onRequest === undefined ? [] : [route.onRequest].flat()
    route.onRequest = [(_request, reply, done) => {
      reply.headers(headers)
      done()
    }, ...hooks]
  })
}, { name: 'security-headers', dependencies: ['config'] })
