import t from 'tap'
import { proxyFor } from '../../../http/proxy.js'

const HTTPS_PROXY = 'http://secure.proxy.example:3128'
const HTTP_PROXY = 'http://plain.proxy.example:3128'

t.test('each scheme has a proxy of its own, and none where it is not set', async (t) => {
  t.equal(proxyFor('https://s3.example.com', { HTTPS_PROXY, HTTP_PROXY }), HTTPS_PROXY)
  t.equal(proxyFor('http://s3.example.com', { HTTPS_PROXY, HTTP_PROXY }), HTTP_PROXY)
  t.equal(proxyFor('https://s3.example.com', { HTTP_PROXY }), undefined)
  t.equal(proxyFor('http://s3.example.com', { HTTPS_PROXY }), undefined)
})

t.test('this machine is reached without one', async (t) => {
  for (const host of ['localhost', 'a.localhost', 'LOCALHOST.', '127.0.0.1:9000', '127.1.2.3', '[::1]:9000']) {
    t.equal(proxyFor(`https://${host}`, { HTTPS_PROXY }), undefined, host)
  }
})

t.test('what NO_PROXY names is reached without one', async (t) => {
  const exempt: Array<[list: string, address: string]> = [
    ['*', 'https://anything.example'], ['example.com', 'https://example.com'], ['example.com', 'https://s3.example.com'],
    ['.example.com', 'https://s3.example.com'], ['*.example.com', 'https://s3.example.com'], ['.example.com', 'https://example.com'],
    ['Example.COM.', 'https://s3.example.com.'], ['a.example, example.com', 'https://example.com'], ['a.example example.com', 'https://example.com'],
    ['example.com:443', 'https://s3.example.com'], ['example.com:9000', 'https://s3.example.com:9000'], ['10.1.2.3', 'https://10.1.2.3'],
    ['10.0.0.0/8', 'https://10.1.2.3:9000'], ['10.1.2.3:9000', 'https://10.1.2.3:9000'], ['fd00::1', 'https://[fd00::1]:9000'],
    ['[fd00::1]', 'https://[fd00::1]'], ['[fd00::1]:9000', 'https://[fd00::1]:9000'], ['fd00::/8', 'https://[fd12::1]'],
  ]
  for (const [NO_PROXY, address] of exempt) t.equal(proxyFor(address, { HTTPS_PROXY, NO_PROXY }), undefined, `${NO_PROXY}: ${address}`)
})

t.test('and nothing else is', async (t) => {
  const proxied: Array<[list: string, address: string]> = [
    ['', 'https://example.com'], [',', 'https://example.com'], ['example.com', 'https://notexample.com'], ['example.com', 'https://example.com.evil'],
    ['example.com:9000', 'https://example.com'], ['10.0.0.0/8', 'https://11.0.0.1'], ['10.0.0.0/33', 'https://10.0.0.1'],
    ['10.1.2.3:443', 'https://10.1.2.3:9000'], ['10.0.0.0/8', 'https://ten.example.com'], ['fd00::/8', 'https://[fe80::1]'],
    ['2.3', 'https://10.1.2.3'], ['10.0.0.0/8', 'https://[fd00::1]'], ['s3.example.com', 'https://example.com'],
  ]
  for (const [NO_PROXY, address] of proxied) t.equal(proxyFor(address, { HTTPS_PROXY, NO_PROXY }), HTTPS_PROXY, `${NO_PROXY}: ${address}`)
})
