import t from 'tap'
import { claimAt } from '../../../identity/claim-path.js'

t.test('a claim is found by its name, dots or not, and else by its path', async (t) => {
  const url = 'https://files.example.com/role'
  for (const [claims, name, expected] of [
    [{ role: 'admin' }, 'role', 'admin'],
    [{ [url]: 'admin' }, url, 'admin'],
    [{ realm_access: { roles: ['a', 'b'] } }, 'realm_access.roles', ['a', 'b']],
    [{ resource_access: { files: { roles: ['a'] } } }, 'resource_access.files.roles', ['a']],
    [{ resource_access: { 'files.example.com': { roles: ['a'] } } }, 'resource_access.files.example.com.roles', ['a']],
    [{ 'a.b': 1, a: { b: 2 } }, 'a.b', 1],
    [{ 'a.b': { c: 1 }, a: { b: { c: 2 } } }, 'a.b.c', 1],
    [{ a: { b: null } }, 'a.b', null],
  ] as const) t.strictSame(claimAt(claims, name), expected, name)
})

t.test('what is not there is not found', async (t) => {
  for (const [claims, name] of [
    [{}, 'role'], [{ a: 'text' }, 'a.length'], [{ a: {} }, 'a.b'], [{ a: { b: 1 } }, 'a.b.c'], [{ a: 1 }, '.a'], [{ a: 1 }, 'a.'],
    [{}, '__proto__'], [{ a: {} }, 'a.constructor.name'], [{ a: {} }, 'a.__proto__'], [{}, 'toString'], [{ a: { '': 1 } }, 'a..b'], [{ a: { 'c.d': 1 } }, 'abc.d'], [{}, '...'],
  ] as const) t.equal(claimAt(claims, name), undefined, name)
})
