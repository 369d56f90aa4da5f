import fastifyPlugin from 'fastify-plugin'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node'

const EXPORT_TIMEOUT_MS = 2_000
// None of them can hold an object key. @fastify/otel for one gives each span the whole URL.
const safeAttributes = new Set([
  'http.request.method', 'http.route', 'http.response.status_code', 'fastify.root', 'fastify.type', 'hook.name',
])

/**
 * Traces requests, and sends the spans to OTEL_EXPORTER_OTLP_ENDPOINT. Without that, nothing is loaded. A caller's
 * `traceparent` is gone on with (W3C Trace Context).
 */
export default fastifyPlugin(async (app) => {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: serviceName } = app.config
  if (endpoint === undefined) return
  const [{ FastifyOtelInstrumentation }, { propagation, trace }, { OTLPTraceExporter }, { resourceFromAttributes }, sdk] =
    await Promise.all([
      import('@fastify/otel'), import('@opentelemetry/api'), import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'), import('@opentelemetry/sdk-trace-node'),
    ])
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces`, timeoutMillis: EXPORT_TIMEOUT_MS })
  let isFailing = false
  const reportOutcome = (hasFailed: boolean) => {
    if (hasFailed && !isFailing) app.log.warn('traces cannot be sent: those that wait are lost until they can')
    isFailing = hasFailed
  }
  const provider = new sdk.NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    spanProcessors: [
      new sdk.BatchSpanProcessor(withoutSecrets(exporter, reportOutcome), { exportTimeoutMillis: EXPORT_TIMEOUT_MS }),
    ],
  })
  // Spans are handed on with the request, so that nothing needs to follow its asynchronous course.
  provider.register({ contextManager: null })
  const instrumentation = new FastifyOtelInstrumentation({
    instrumentHooks: false,
    recordExceptions: false,
    ignorePaths: ({ url }) => url.startsWith('/health/') || url === '/metrics',
    requestHook: (span, request) => {
      span.updateName(`${request.method} ${request.routeOptions.url ?? ''}`.trimEnd())
    },
  })
  instrumentation.setTracerProvider(provider)
  await app.register(instrumentation.plugin())
  app.addHook('onClose', async () => {
    instrumentation.disable()
    trace.disable()
    propagation.disable()
    // What cannot be sent any more is no reason not to end.
    await provider.shutdown().catch(() => { reportOutcome(true) })
  })
}, { name: 'tracing', dependencies: ['config'] })

/** An exporter that passes on of each span only what cannot hold a secret: no messages, no events, nothing a client sent. */
function withoutSecrets (exporter: SpanExporter, reportOutcome: (hasFailed: boolean) => void): SpanExporter {
  return {
    export: (spans, done) => {
      exporter.export(spans.map(stripped), (result) => {
        reportOutcome(result.code !== 0)
        done(result)
      })
    },
    forceFlush: async () => { await exporter.forceFlush?.() },
    shutdown: async () => { await exporter.shutdown() },
  }
}

function stripped (span: ReadableSpan): ReadableSpan {
  const { traceId, spanId, traceFlags } = span.spanContext()
  const attributes = Object.fromEntries(Object.entries(span.attributes).filter(([name]) => safeAttributes.has(name)))
  return Object.create(span, {
    attributes: { value: attributes },
    events: { value: [] },
    links: { value: [] },
    status: { value: { code: span.status.code } },
    spanContext: { value: () => ({ traceId, spanId, traceFlags }) },
  })
}
