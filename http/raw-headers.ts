/**
 * Every value of a header, in order. Of several, Node keeps the first in `headers` where only one makes sense, and drops the
 * others without a word; what stands before the service may have looked at another one.
 *
 * @param rawHeaders names and values by turns, as Node has them
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
