import fastifyPlugin from 'fastify-plugin'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node'
import { importOptional } from '../errors/missing-package.js'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Adds something that has just ended to the trace of the current request; undefined if nothing is traced. The name must be
     * one of a small set.
     */
    traceCall: ((name: string, durationMs: number, hasFailed: boolean) => void) | undefined
  }
}

const EXPORT_TIMEOUT_MS = 2_000
const PACKAGES =
  '@fastify/otel @opentelemetry/api @opentelemetry/exporter-trace-otlp-http @opentelemetry/resources @opentelemetry/sdk-trace-node'
// None of these can contain an object key. @fastify/otel, by contrast, gives each span the whole URL.
const safeAttributes = new Set([
  'http.request.method', 'http.route', 'http.response.status_code', 'fastify.root', 'fastify.type', 'hook.name',
])

/**
 * Traces requests, with what each asked of the object storage and the database, and sends the spans to
 * OTEL_EXPORTER_OTLP_ENDPOINT. If that is not set, nothing is loaded. A caller's `traceparent` is continued (W3C Trace
 * Context).
 */
export default fastifyPlugin(async (app) => {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: serviceName } = app.config
  if (endpoint === undefined) {
    app.decorate('traceCall', undefined)
    return
  }
  const [
    { FastifyOtelInstrumentation }, { SpanKind, SpanStatusCode, context, propagation, trace }, { OTLPTraceExporter },
    { resourceFromAttributes }, sdk,
  ] = await importOptional(PACKAGES, 'Tracing (OTEL_EXPORTER_OTLP_ENDPOINT)', async () => await Promise.all([
    import('@fastify/otel'), import('@opentelemetry/api'), import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'), import('@opentelemetry/sdk-trace-node'),
  ]))
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces`, timeoutMillis: EXPORT_TIMEOUT_MS })
  let isFailing = false
  const reportOutcome = (hasFailed: boolean) => {
    if (hasFailed && !isFailing) app.log.warn('traces cannot be sent, and are lost until they can be')
    isFailing = hasFailed
  }
  const provider = new sdk.NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    spanProcessors: [
      new sdk.BatchSpanProcessor(withoutSecrets(exporter, reportOutcome), { exportTimeoutMillis: EXPORT_TIMEOUT_MS }),
    ],
  })
  provider.register()
  const tracer = provider.getTracer(serviceName)
  app.decorate('traceCall', (name, durationMs, hasFailed) => {
    const active = context.active()
    // A batch or a reconcile started by a request may continue long after it was answered.
    if (trace.getSpan(active)?.isRecording() !== true) return
    const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, startTime: Date.now() - durationMs }, active)
    if (hasFailed) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end()
  })
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
    context.disable()
    propagation.disable()
    // Spans that can no longer be sent do not keep the service from ending.
    await provider.shutdown().catch(() => { reportOutcome(true) })
  })
}, { name: 'tracing', dependencies: ['config'] })

/** An exporter that passes on only what cannot contain a secret: no messages, no events, nothing sent by a client. */
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
