import t from 'tap'
import { hostFault } from '../../../http/host.js'

const fault = (...hosts: string[]) =>
  hostFault({ httpVersion: '1.1', rawHeaders: ['Accept', 'host', ...hosts.flatMap((host, index) => [index % 2 === 0 ? 'Host' : 'hOST', host])] })

t.test('a request names one host', async (t) => {
  for (const host of ['files.example.com', 'files.example.com:8443', 'my_service:3000', '127.0.0.1:3000', '[::1]:3000', '[::1]', '[::1]:', 'a', '', ':80', '%C3%A4.example']) {
    t.equal(fault(host), undefined, host)
  }
})

t.test('a request without a host, with several, or with an invalid one is told so', async (t) => {
  t.equal(fault(), 'There is no Host header.')
  t.equal(fault('a', 'b'), 'There are several Host headers.')
  t.equal(fault('a', 'a'), 'There are several Host headers.')
  for (const host of ['a b', 'a, b', 'http://a', 'a/b', 'user@a', 'a:http', '[::1', '[a', '\u00e4', '%zz', 'a?b']) {
    t.equal(fault(host), 'The Host header names no host.', host)
  }
})

t.test('only HTTP/1.0 may do without', async (t) => {
  t.equal(hostFault({ httpVersion: '1.0', rawHeaders: ['Accept', '*/*'] }), undefined)
  t.equal(hostFault({ httpVersion: '1.0', rawHeaders: ['Host', 'a', 'Host', 'b'] }), 'There are several Host headers.')
})
