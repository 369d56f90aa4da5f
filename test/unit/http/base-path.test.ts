import t from 'tap'
import { pathOfAddress, withoutBasePath } from '../../../http/base-path.js'

t.test('the path that a proxy passed on is taken away, encoded or not', async (t) => {
  for (const [url, own] of [
    ['/files/usage', '/usage'], ['/files', '/'], ['/files/', '/'], ['/files?a=/b', '/?a=/b'], ['/files/?a', '/?a'],
    ['/%66iles/usage', '/usage'], ['/f%69le%73', '/'], ['/files/files/x', '/files/x'], ['/files//x', '//x'], ['/files/%2e', '/%2e'],
  ] as const) t.equal(withoutBasePath(url, '/files'), own, url)
  t.equal(withoutBasePath('/a-b/c.d/x', '/a-b/c.d'), '/x')
  t.equal(withoutBasePath('/a%2Db/c%2ed/x', '/a-b/c.d'), '/x')
})

t.test('every other URL stays as it is', async (t) => {
  for (const url of [
    '/', '/usage', '/filesx', '/filesx/usage', '/file', '/Files/usage', '//files/usage', '/x/files/usage', '/files%2Fusage', '/%66ile',
    '/%6', '*', 'http://host/files/usage', '',
  ]) t.equal(withoutBasePath(url, '/files'), url, url)
})

t.test('the path of an address has no slash at its end', async (t) => {
  for (const [address, path] of [
    ['https://a.example', ''], ['https://a.example/', ''], ['https://a.example/files', '/files'], ['https://a.example/x/files//', '/x/files'],
  ] as const) t.equal(pathOfAddress(address), path)
})
