// W3C Trace Context, 3.2.2. A later version may have more at the end, and version ff is invalid.
const traceparent = /^(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/

/** The id of the trace that a request belongs to, from its `traceparent`; undefined if it has no valid one. */
export function traceIdOf ({ traceparent: sent }: Record<string, string | string[] | undefined>): string | undefined {
  if (typeof sent !== 'string') return undefined
  const [, version, traceId, more] = traceparent.exec(sent) ?? []
  return version === '00' && more !== undefined ? undefined : traceId
}
