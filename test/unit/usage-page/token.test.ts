import t from 'tap'
import { mayBeAdmin } from '../../../usage-page/token.js'
import { encode } from '../../support/tokens.js'

t.test('what a token says of roles tells whether its user may be an admin', async (t) => {
  t.intercept(globalThis, 'window', { value: globalThis })
  const tokenOf = (claims: object) => `${encode({ alg: 'HS256' })}.${encode(claims)}.x`
  for (const [role, expected] of [
    ['admin', true], ['member', false], ['service', false], [['member', 'admin'], true], [['member', 'service'], false],
    [['member', 'offline_access'], false], [undefined, true], ['Files Admins', true], [['Everyone', 'Files Users'], true],
  ] as const) t.equal(mayBeAdmin(tokenOf({ role })), expected, JSON.stringify(role))
  for (const text of ['', 'x', 'x.y', 'a.!.b']) t.equal(mayBeAdmin(text), false, text)
})
