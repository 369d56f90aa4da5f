import fc from 'fast-check'
import t from 'tap'
import { withoutTrailingSlash } from '../../../http/trailing-slash.js'

t.test('one slash at the end of a path is dropped, and the query stays', async (t) => {
  for (const [url, expected] of [
    ['/events/', '/events'], ['/events', '/events'], ['/events/?a=/', '/events?a=/'], ['/events?a=/', '/events?a=/'],
    ['/a/b//', '/a/b/'], ['/', '/'], ['/?a=b', '/?a=b'], ['', ''],
  ] as const) t.equal(withoutTrailingSlash(url), expected, url)
})

t.test('nothing but that slash is ever changed', async () => {
  const urls = fc.string({ unit: fc.constantFrom('/', 'a', '?', '%2F', '=') }).map((rest) => `/${rest}`)
  fc.assert(fc.property(urls, (url) => {
    const [path = '', ...query] = url.split('?')
    const expected = [path === '/' ? path : path.replace(/\/$/, ''), ...query].join('?')
    return withoutTrailingSlash(url) === expected
  }))
})
