import fastifyPlugin from 'fastify-plugin'
import { Histogram } from 'prom-client'

const statusClasses = ['', '1xx', '2xx', '3xx', '4xx', '5xx']

/** Measures requests by the route's pattern, since a URL may contain an object key. */
export default fastifyPlugin(async (app) => {
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Requests, until the last byte of the answer was sent or the client had left.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers: [app.metrics],
  })
  app.addHook('onResponse', (request, reply, done) => {
    durations.observe({
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      // 507 is the organisation's own doing, not a failure of the service.
      status: reply.statusCode === 507 ? '507' : statusClasses[Math.floor(reply.statusCode / 100)] ?? '',
    }, reply.elapsedTime / 1000)
    done()
  })
}, { name: 'request-metrics', dependencies: ['metrics'] })
