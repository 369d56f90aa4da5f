import t from 'tap'
import { firstOf, forwardedScheme } from '../../../http/forwarded.js'

t.test('of several schemes the client used the first, in any case', async (t) => {
  for (const sent of ['https', 'HTTPS', 'https, http', 'https,http', ' Https ,http, http']) t.equal(forwardedScheme(sent), 'https', sent)
  for (const sent of ['http', 'HTTP', 'http, https']) t.equal(forwardedScheme(sent), 'http', sent)
})

t.test('what is not a scheme of the web is ignored', async (t) => {
  for (const sent of ['', ',', ', https', 'javascript', 'wss', 'https:', 'https http', 'x, https']) t.equal(forwardedScheme(sent), undefined, sent)
})

t.test('of several hosts the client used the first', async (t) => {
  t.equal(firstOf('files.example.com, inner:3000'), 'files.example.com')
  t.equal(firstOf('files.example.com'), 'files.example.com')
  t.equal(firstOf(''), '')
})
