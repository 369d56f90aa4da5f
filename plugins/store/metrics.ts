import fastifyPlugin from 'fastify-plugin'
import { Histogram } from 'prom-client'
import type { StoreAttempt } from '../../store/connection.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts a request to the object storage. */
    observeStore: (attempt: StoreAttempt) => void
  }
}

/** Decorates the instance with metrics of how the object storage answers, for everything that sends it requests. */
export default fastifyPlugin(async (app) => {
  const requests = new Histogram({
    name: 'objects_storage_store_request_duration_seconds',
    help: 'Requests to the object storage, each attempt separately, until the answer began.',
    labelNames: ['method', 'outcome'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [app.metrics],
  })
  app.decorate('observeStore', (attempt) => {
    const { method, statusCode = Infinity, durationMs } = attempt
    requests.observe({ method, outcome: outcomeOf(attempt) }, durationMs / 1000)
    app.traceCall?.(`object storage ${method}`, durationMs, statusCode >= 500)
  })
}, { name: 'store-metrics', dependencies: ['metrics', 'tracing'] })

function outcomeOf ({ statusCode, isAborted }: StoreAttempt): string {
  if (statusCode !== undefined) return `${Math.floor(statusCode / 100)}xx`
  return isAborted ? 'aborted' : 'no_answer'
}
