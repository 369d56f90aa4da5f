import t from 'tap'
import { parseTrustedProxies } from '../../../http/trusted-proxies.js'

t.test('a number of proxies is a number of hops', async (t) => {
  const trust = parseTrustedProxies('2')
  t.strictSame([0, 1, 2, 3].map((hop) => typeof trust === 'function' && trust('192.0.2.1', hop)), [true, true, false, false])
})

t.test('as many as sixteen proxies are believed', async (t) => {
  for (const count of [1, 10, 16]) {
    const trust = parseTrustedProxies(String(count))
    t.strictSame([count - 1, count].map((hop) => typeof trust === 'function' && trust('192.0.2.1', hop)), [true, false])
  }
})

t.test('a range is as wide as its kind of address allows, but for all', async (t) => {
  for (const range of ['10.0.0.0/1', '10.0.0.0/16', '10.0.0.1/32', 'fd00::/1', 'fd00::/33', 'fd00::/64', 'fd00::1/128', 'uniquelocal', 'linklocal']) {
    t.strictSame(parseTrustedProxies(range), [range])
  }
})

t.test('addresses, ranges and names are a list', async (t) => {
  t.strictSame(parseTrustedProxies('192.0.2.1, 10.0.0.0/8,fd00::/8,::1,loopback'), ['192.0.2.1', '10.0.0.0/8', 'fd00::/8', '::1', 'loopback'])
})

for (const text of [
  'true', 'false', 'yes', '0', '17', '-1', '1.5', '1e1', '*', 'all', 'example.com', '10.0.0.0/33', '10.0.0.0/0', '::/0', '::/129',
  '10.0.0.0/255.0.0.0', '10.0.0', '10.0.0.0/8,', ',', ' ', '10.0.0.1 10.0.0.2', 'loopback,nowhere', '1,2',
]) {
  t.test(`${JSON.stringify(text)} is neither`, async (t) => { t.equal(parseTrustedProxies(text), undefined) })
}
