import fc from 'fast-check'
import t from 'tap'
import { encodeComponent, encodePath } from '../../../http/percent-encoding.js'
import { codePoint } from '../../support/code-point.js'

const texts = fc.string({ unit: fc.oneof(fc.constantFrom(...'!\'()*~-._/%+ &=?#"<>[]\\|`{}:;,@$'), codePoint) })

t.test('what is encoded has no characters but unreserved ones, and is the same text', async () => {
  fc.assert(fc.property(texts, (text) => {
    const encoded = encodeComponent(text)
    return /^(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})*$/.test(encoded) && decodeURIComponent(encoded) === text
  }))
})

t.test('a path is encoded as its parts are, and keeps its slashes', async (t) => {
  t.equal(encodePath('a/b c/ä+%!\'()*~-._'), 'a/b%20c/%C3%A4%2B%25%21%27%28%29%2A~-._')
  fc.assert(fc.property(texts, (text) => encodePath(text) === text.split('/').map(encodeComponent).join('/')))
})
