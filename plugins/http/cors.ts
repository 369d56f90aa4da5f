import fastifyCors from '@fastify/cors'
import fastifyPlugin from 'fastify-plugin'

const PREFLIGHT_MAX_AGE_SECONDS = 600

/**
 * Lets web pages of the origins in CORS_ORIGINS use the service; costs nothing if none are set. They may send any header:
 * monitoring scripts add their own (Sentry, Datadog, New Relic, OpenTelemetry), no header but Authorization grants anything
 * here, and no browser adds that on its own.
 */
export default fastifyPlugin(async (app) => {
  const { CORS_ORIGINS } = app.config
  if (CORS_ORIGINS === undefined) return
  const origin = CORS_ORIGINS === '*' ? '*' : CORS_ORIGINS.split(',').map((each) => each.trim())
  await app.register(fastifyCors, {
    origin,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    exposedHeaders: [
      'accept-ranges', 'content-disposition', 'content-length', 'content-range', 'etag', 'last-modified', 'location', 'repr-digest',
      'retry-after', 'x-request-id',
    ],
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
    strictPreflight: false,
  })
  if (origin === '*') return
  // Routes set Vary themselves, replacing what was there.
  app.addHook('onSend', (_request, reply, payload, done) => {
    const vary = String(reply.getHeader('vary') ?? '')
    if (!/\borigin\b/i.test(vary)) reply.header('vary', vary === '' ? 'origin' : `${vary}, origin`)
    done(null, payload)
  })
}, { name: 'cors', dependencies: ['config'] })
