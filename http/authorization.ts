/**
 * How many Authorization headers a request has. Of several, Node keeps the first and drops the others without a word, where
 * what stands before the service may have looked at another one.
 *
 * @param request.rawHeaders names and values by turns, as Node has them
 */
export function authorizationCount ({ rawHeaders }: { rawHeaders: string[] }): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'authorization').length
}
