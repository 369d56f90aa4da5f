import t from 'tap'
import { isSamePerson, mayBeAdmin, organisationOf, parseToken, userOf } from '../../../../page/state/token.js'

const tokenWith = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

t.test('a token is read with or without its scheme, and nothing else is one', async (t) => {
  for (const text of ['a.b-c._d', ' a.b-c._d\n', 'Bearer a.b-c._d', 'bearer  a.b-c._d']) t.equal(parseToken(text), 'a.b-c._d', text)
  for (const text of ['', 'two words', 'a.b,c', 'Basic a', 'ä']) t.equal(parseToken(text), undefined, text)
})

t.test('what a token says about roles decides who may be an admin', async (t) => {
  for (const [role, expected] of [
    ['admin', true], ['member', false], ['service', false], [['member', 'admin'], true], [['member', 'offline_access'], false],
    [['Everyone', 'Files Admins'], true], [undefined, true],
  ] as const) t.equal(mayBeAdmin(tokenWith({ role })), expected, JSON.stringify(role))
  for (const token of ['nonsense', 'a.b.c', `e30.${Buffer.from('1').toString('base64url')}.c`]) t.equal(mayBeAdmin(token), false, token)
})

t.test('user and organisation are told where the usual claims name them', async (t) => {
  const sub = '5E2F1A70-1c2d-4e3f-8a9b-0c1d2e3f4a5b'
  t.equal(userOf(tokenWith({ sub })), sub.toLowerCase())
  for (const other of [undefined, 'someone', 7]) t.equal(userOf(tokenWith({ sub: other })), undefined)
  t.equal(organisationOf(tokenWith({ orgKey: 'acme' })), 'acme')
  t.equal(organisationOf(tokenWith({ org: 'acme' })), undefined)
})

t.test('a token that follows another one is of the same person if user and organisation are', async (t) => {
  const claims = { sub: '5e2f1a70-1c2d-4e3f-8a9b-0c1d2e3f4a5b', orgKey: 'acme' }
  t.ok(isSamePerson(tokenWith({ ...claims, exp: 1 }), tokenWith({ ...claims, exp: 2 })))
  t.notOk(isSamePerson(tokenWith(claims), tokenWith({ ...claims, orgKey: 'globex' })))
  t.notOk(isSamePerson(tokenWith(claims), tokenWith({ ...claims, sub: '6b1d0c9e-2a3b-4c5d-8e7f-90a1b2c3d4e5' })))
  t.notOk(isSamePerson(tokenWith({ exp: 1 }), tokenWith({ exp: 2 })), 'of people who are not known')
  t.notOk(isSamePerson(tokenWith(claims), undefined))
})
