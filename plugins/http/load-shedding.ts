import { getHeapStatistics } from 'node:v8'
import fastifyUnderPressure from '@fastify/under-pressure'
import fastifyPlugin from 'fastify-plugin'
import { OverloadedError } from '../../schemas/errors.js'

// V8 collects thoroughly before this is reached, so what is left by then is in use.
const HEAP_MAX_SHARE = 0.95
const LOG_INTERVAL_MS = 10_000
// Two measurements. Starting the embedded parts blocks the event loop for seconds, for which later requests must not be
// refused.
const IGNORED_AFTER_START_MS = 2_000
// An orchestrator that got no answer would kill the process, and make matters worse.
const unshedRoutes = /^\/(?:health\/|metrics$)/

/**
 * Refuses requests while the service cannot keep up, so that those it has accepted are answered in time: when events wait for
 * longer than MAX_EVENT_LOOP_DELAY on average over a second, or when the heap is nearly full.
 */
export default fastifyPlugin(async (app) => {
  const { MAX_EVENT_LOOP_DELAY } = app.config
  let loggedAtMs = -Infinity
  let ignoredUntilMs = -Infinity
  app.addHook('onListen', async () => { ignoredUntilMs = performance.now() + IGNORED_AFTER_START_MS })
  await app.register(fastifyUnderPressure, {
    maxEventLoopDelay: MAX_EVENT_LOOP_DELAY * 1000,
    maxHeapUsedBytes: getHeapStatistics().heap_size_limit * HEAP_MAX_SHARE,
    pressureHandler: (request, _reply, type, value) => {
      // After one long pause there is no measurement for a second, for which requests must not be refused.
      if (value === Infinity || unshedRoutes.test(request.routeOptions.url ?? '')) return
      const nowMs = performance.now()
      if (nowMs < ignoredUntilMs) return
      if (nowMs - loggedAtMs > LOG_INTERVAL_MS) {
        app.log.warn({ type, value }, 'refusing requests under too much load')
        loggedAtMs = nowMs
      }
      throw new OverloadedError()
    },
  })
}, { name: 'load-shedding', dependencies: ['config'] })
