import t from 'tap'
import { requestedOrigin } from '../../../http/origin.js'

t.test('a Host header that names a host is part of the origin', async (t) => {
  for (const host of ['localhost', 'files.example', 'files.example:8080', '127.0.0.1:1', '[::1]', '[::1]:3000', 'a_b~c']) {
    t.equal(requestedOrigin('https', host), `https://${host}`)
  }
})

t.test('one that names none gives no origin', async (t) => {
  for (const host of ['', 'a b', 'a/b', 'user@host', 'a:port', 'a:99999', '[::1', 'a?b', 'a#b', '[zz]']) {
    t.equal(requestedOrigin('http', host), undefined, host)
  }
})
