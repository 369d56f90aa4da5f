/**
 * Every value of a header, in order. If there are several where only one makes sense, Node's `headers` keeps the first one and
 * silently drops the others; a proxy in front of the service may have looked at another one.
 *
 * @param rawHeaders names and values alternately, as in Node
 * @param name in lower case
 */
export function headerValues (rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [sent = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]]
    if (sent.length === name.length && sent.toLowerCase() === name) values.push(value)
  }
  return values
}
