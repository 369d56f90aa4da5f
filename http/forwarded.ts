/**
 * The scheme that a client used, according to `X-Forwarded-Proto`: the first of several values, written by the outermost proxy.
 *
 * @returns undefined if that is neither http nor https
 */
export function forwardedScheme (sent: string): 'http' | 'https' | undefined {
  const scheme = firstOf(sent).toLowerCase()
  return scheme === 'http' || scheme === 'https' ? scheme : undefined
}

/** The first of several values, written by the outermost proxy. */
export function firstOf (sent: string): string {
  const [first = ''] = sent.split(',', 1)
  return first.trim()
}
