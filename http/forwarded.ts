/**
 * The scheme that a client used, as `X-Forwarded-Proto` says: the first of several, which the outermost proxy wrote.
 *
 * @returns undefined where that is neither http nor https
 */
export function forwardedScheme (sent: string): 'http' | 'https' | undefined {
  const scheme = firstOf(sent).toLowerCase()
  return scheme === 'http' || scheme === 'https' ? scheme : undefined
}

/** The first of several values, which the outermost proxy wrote. */
export function firstOf (sent: string): string {
  const [first = ''] = sent.split(',', 1)
  return first.trim()
}
