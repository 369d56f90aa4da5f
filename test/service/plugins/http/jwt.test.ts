import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import t from 'tap'
import { type Caller, writeClaims } from '../../../../schemas/token-claims.js'
import { startIdentityService } from '../../../support/identity-service.js'
import { sendRaw } from '../../../support/raw-request.js'
import { TOKEN_SECRET, member } from '../../../support/service.js'
import { encode, secondsFromNow, signToken, validClaims } from '../../../support/tokens.js'

const hs256 = (payload: object | string, header?: object | string) => signToken(TOKEN_SECRET, payload, header)
const valid = () => hs256(validClaims())
const changed = (change: object) => hs256({ ...validClaims(), ...change })
const malformed = { status: 401, code: 'TOKEN_INVALID', message: /: it is malformed\.$/ }

/** The other texts that decode to the same bytes for a reader that ignores unused bits. */
function respellings (segment: string): string[] {
  const bytes = Buffer.from(segment, 'base64url')
  return [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].map((last) => segment.slice(0, -1) + last)
    .filter((other) => other !== segment && Buffer.from(other, 'base64url').equals(bytes))
}

t.test('with a shared secret', async (t) => {
  const { app, ask, log } = await startIdentityService(t)
  const send = async (authorization: string | undefined, url = '/who') =>
    await app.inject({ url, headers: authorization === undefined ? {} : { authorization } })

  t.test('a valid token says who calls, whatever the case of the scheme', async (t) => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER ']) t.strictSame((await send(`${scheme} ${valid()}`)).json(), member)
  })

  t.test('a token may be as long as headers may be', async (t) => {
    t.strictSame((await ask(hs256({ ...validClaims(), groups: Array.from({ length: 200 }, () => '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10') }))).caller, member)
  })

  t.test('a UUID in upper case is the same one, and what is no UUID keeps its case', async (t) => {
    t.strictSame((await ask(changed({ sub: member.userId.toUpperCase() }))).caller, member)
    const orgKey = '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10'
    t.match(await ask(changed({ orgKey: orgKey.toUpperCase() })), { status: 200, caller: { orgKey } })
    t.match(await ask(changed({ orgKey: 'ACME' })), { status: 401 })
  })

  t.test('a token may have several roles, and those of other services, too', async (t) => {
    for (const [role, roles] of [
      [['admin'], ['admin']], [['admin', 'member'], ['member', 'admin']], [['offline_access', 'service', 'uma_authorization'], ['service']],
      [['member', 'member'], ['member']],
    ]) t.match((await ask(changed({ role }))).caller, { roles })
  })

  t.test('unknown claims and header parameters are ignored', async (t) => {
    t.equal((await ask(hs256({ ...validClaims(), iss: 'x', aud: ['y', 'z'], name: 'n', iat: 1 }, { alg: 'HS256', kid: 'k', x: {} }))).status, 200)
  })

  const refusedHeaders: Array<[name: string, code: 'TOKEN_REQUIRED' | 'TOKEN_INVALID', authorization: () => string | undefined]> = [
    ['no Authorization header', 'TOKEN_REQUIRED', () => undefined],
    ['an empty Authorization header', 'TOKEN_REQUIRED', () => ''],
    ['another scheme', 'TOKEN_INVALID', () => 'Basic YTpi'],
    ['no token behind the scheme', 'TOKEN_INVALID', () => 'Bearer '],
    ['no scheme', 'TOKEN_INVALID', valid],
    ['two tokens', 'TOKEN_INVALID', () => `Bearer ${valid()} ${valid()}`],
    ['two tokens, parted by a comma', 'TOKEN_INVALID', () => `Bearer ${valid()}, Bearer ${valid()}`],
    ['a token in quotes', 'TOKEN_INVALID', () => `Bearer "${valid()}"`],
    ['no token at all', 'TOKEN_INVALID', () => 'Bearer not-a-token'],
  ]
  for (const [name, code, authorization] of refusedHeaders) {
    t.test(`${name} is refused`, async (t) => {
      const answer = await send(authorization())
      t.equal(answer.statusCode, 401)
      t.equal(answer.json().code, code)
      t.equal(answer.headers['www-authenticate'], 'Bearer')
    })
  }

  const withPayload = (change: (json: string) => string) => hs256(change(JSON.stringify(validClaims())))
  const [signedHeader, signedPayload, signature] = valid().split('.')
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const refusedTokens: Record<string, string> = {
    ...Object.fromEntries(['none', 'None', 'NONE', 'nOnE', ' none', 'none\0', ''].flatMap((alg) => [
      [`algorithm ${JSON.stringify(alg)} without a signature`, `${encode({ alg })}.${encode(validClaims())}.`],
      [`algorithm ${JSON.stringify(alg)} with a signature`, hs256(validClaims(), { alg })],
    ])),
    'no algorithm': hs256(validClaims(), { typ: 'JWT' }),
    'an algorithm that is not text': hs256(validClaims(), { alg: ['HS256'] }),
    'the algorithm in lower case': hs256(validClaims(), { alg: 'hs256' }),
    'a repeated algorithm of which the last is none': hs256(validClaims(), '{"alg":"HS256","alg":"none"}'),
    'another HMAC': signToken(TOKEN_SECRET, validClaims(), { alg: 'HS512' }, 'HS512'),
    'another HMAC by name only': hs256(validClaims(), { alg: 'HS384' }),
    'a signature of RSA': signToken(privateKey, validClaims(), { alg: 'RS256', jwk: publicKey.export({ format: 'jwk' }) }, 'RS256'),
    'another secret': signToken('another-secret-of-32-characters!!', validClaims()),
    'an empty secret': signToken('', validClaims()),
    'no signature': `${signedHeader}.${signedPayload}.`,
    'no signature and no dot for it': `${signedHeader}.${signedPayload}`,
    'a cut signature': `${signedHeader}.${signedPayload}.${signature?.slice(0, -2)}`,
    'another token\'s signature': `${signedHeader}.${encode({ ...validClaims(), role: 'admin' })}.${signature}`,
    'a tampered header': `${encode({ alg: 'HS256', typ: 'X' })}.${signedPayload}.${signature}`,
    'a part too many': `${valid()}.${signature}`,
    'five parts, as if encrypted': `${valid()}.AAAA.AAAA`,
    'a padded signature': `${valid()}=`,
    'a header that is not JSON': hs256(validClaims(), 'alg'),
    'a header that is null': hs256(validClaims(), 'null'),
    'a payload that is not JSON': hs256('exp'),
    'a payload that is an array': hs256([validClaims()]),
    'a payload that is null': hs256('null'),
    'a payload as text in JSON': hs256(JSON.stringify(JSON.stringify(validClaims()))),
    'a payload that is not UTF-8': hs256(validClaims()).replace(/\..*\./, `.${Buffer.from([0xff, 0xfe]).toString('base64url')}.`),
    'an unknown critical extension': hs256(validClaims(), { alg: 'HS256', crit: ['b64'], b64: false }),
    ...Object.fromEntries([[], '', null, false, 0, {}, ['exp'], ['alg'], 'b64'].map((crit) => [
      `crit ${JSON.stringify(crit)}`, hs256(validClaims(), { alg: 'HS256', crit }),
    ])),
    'b64 without crit': hs256(validClaims(), { alg: 'HS256', b64: false }),
    'a repeated member of its header': hs256(validClaims(), '{"alg":"HS256","typ":"JWT","typ":"JWT"}'),
    'a repeated claim': withPayload((json) => json.replace('"role":"member"', '"role":"admin","role":"member"')),
    'a repeated member of a claim that is not known': withPayload((json) => json.replace('{', '{"x":[{"a":1,"a":1}],')),
    'a kid that is not text': hs256(validClaims(), { alg: 'HS256', kid: 7 }),
    'no exp': changed({ exp: undefined }),
    'exp in the past': changed({ exp: secondsFromNow(-1) }),
    'exp as text': changed({ exp: String(secondsFromNow(3600)) }),
    'exp as NaN': withPayload((json) => json.replace(/"exp":\d+/, '"exp":NaN')),
    'exp as null': changed({ exp: null }),
    'exp as a boolean': changed({ exp: true }),
    'exp in an array': changed({ exp: [secondsFromNow(3600)] }),
    'exp as an object': changed({ exp: { valueOf: secondsFromNow(3600) } }),
    'exp at infinity': withPayload((json) => json.replace(/"exp":\d+/, '"exp":1e999')),
    'exp beyond any date': changed({ exp: 1e300 }),
    'exp below any date': changed({ exp: -1e300 }),
    'a repeated exp of which the last has passed': withPayload((json) => json.replace('}', ',"exp":1}')),
    'nbf in the future': changed({ nbf: secondsFromNow(60) }),
    'nbf as text': changed({ nbf: String(secondsFromNow(-60)) }),
    'nbf beyond any date': changed({ nbf: 1e300 }),
    ...Object.fromEntries(['sub', 'orgKey', 'role'].flatMap((claim) => [
      ['no', undefined], ['a null', null], ['an empty', ''], ['a numeric', 7], ['a boolean', true], ['an object as', {}], ['an empty array as', []],
    ].map(([what, value]) => [`${String(what)} ${claim}`, changed({ [claim]: value })]))),
    'a sub in an array': changed({ sub: [member.userId] }),
    'a sub that is not a UUID': changed({ sub: 'me' }),
    'a sub as URN': changed({ sub: `urn:uuid:${member.userId}` }),
    'a sub with a line break': changed({ sub: `${member.userId}\n` }),
    'an orgKey in an array': changed({ orgKey: ['acme'] }),
    'an orgKey with a slash': changed({ orgKey: 'a/b' }),
    'an orgKey that climbs': changed({ orgKey: '..' }),
    'an orgKey with a line break': changed({ orgKey: 'acme\n' }),
    'an orgKey that begins with a hyphen': changed({ orgKey: '-acme' }),
    'an orgKey in upper case': changed({ orgKey: 'ACME' }),
    'an orgKey of 64 characters': changed({ orgKey: 'a'.repeat(64) }),
    'an unknown role': changed({ role: 'root' }),
    'only unknown roles': changed({ role: ['root', 'offline_access'] }),
    'a role in an array within an array': changed({ role: [['admin']] }),
    'a role among what is not text': changed({ role: ['admin', 7] }),
    'roles in one text': changed({ role: 'admin member' }),
    'a role with a blank': changed({ role: 'admin ' }),
    'a role as a member of __proto__': withPayload((json) => json.replace('"role":"member"', '"__proto__":{"role":"admin"}')),
  }
  for (const [name, token] of Object.entries(refusedTokens)) {
    t.test(`${name} is refused`, async (t) => {
      t.match(await ask(token), { status: 401, code: 'TOKEN_INVALID' })
    })
  }

  t.test('of the spellings of a token, with unused bits of each segment set and with padding, one is accepted', async (t) => {
    // Segments of every length modulo 4 that base64url can have.
    for (const typ of ['JWT', 'JWT ', 'JWT  ']) {
      const token = hs256({ ...validClaims(), typ }, { alg: 'HS256', typ })
      t.equal((await ask(token)).status, 200)
      const segments = token.split('.')
      for (const [index, segment] of segments.entries()) {
        const respell = (other: string) => segments.with(index, other).join('.')
        for (const other of respellings(segment)) t.match(await ask(respell(other)), malformed)
        t.match(await ask(respell(`${segment}=`)), malformed)
        t.match(await ask(respell(`${segment}A`)), { status: 401, code: 'TOKEN_INVALID' })
        t.match(await ask(respell(segment.replace(/^./, '+'))), malformed)
      }
    }
  })

  const refusals: Array<[what: string, token: string, message: RegExp]> = [
    ['has another form', 'not-a-token', /it is malformed/],
    ['is not signed', `${signedHeader}.${signedPayload}.`, /its signature is wrong/],
    ['is signed with another secret', signToken('another-secret-of-32-characters!!', validClaims()), /its signature is wrong/],
    ['names another algorithm', hs256(validClaims(), { alg: 'HS384' }), /it is signed with another algorithm/],
    ['names no algorithm', hs256(validClaims(), { alg: 'none' }), /it is signed with another algorithm/],
    ['demands an extension', hs256(validClaims(), { alg: 'HS256', crit: null }), /it demands an extension that is not supported/],
    ['has expired', changed({ exp: secondsFromNow(-1) }), /it has expired/],
    ['is not valid yet', changed({ nbf: secondsFromNow(60) }), /it is not valid yet/],
    ['never expires', changed({ exp: undefined }), /its claim exp is missing or has the wrong form/],
    ['names no organisation', changed({ orgKey: undefined }), /its claim orgKey is missing or has the wrong form/],
  ]
  for (const [what, token, message] of refusals) {
    t.test(`a token that ${what} is told so`, async (t) => { t.match(await ask(token), { status: 401, code: 'TOKEN_INVALID', message }) })
  }

  t.test('a token in the query, in the body or in a cookie is ignored', async (t) => {
    const token = valid()
    for (const query of ['token', 'access_token', 'authorization', 'jwt']) {
      t.equal((await send(undefined, `/who?${query}=${token}`)).json().code, 'TOKEN_REQUIRED')
    }
    for (const headers of [{ cookie: `token=${token}` }, { cookie: `Authorization=Bearer ${token}` }, { 'x-access-token': token }]) {
      t.equal((await app.inject({ url: '/who', headers })).json().code, 'TOKEN_REQUIRED')
    }
  })

  t.test('where a token says that its key can be found is ignored', async (t) => {
    let requests = 0
    const server = createServer((_request, response) => { requests++; response.end() }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => server.close())
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/keys`
    const jwk = { ...publicKey.export({ format: 'jwk' }), alg: 'RS256', kid: 'k' }
    for (const header of [{ jku: url }, { x5u: url }, { jwk }, { x5c: ['MIIB'] }, { kid: url }]) {
      t.equal((await ask(signToken(privateKey, validClaims(), { alg: 'RS256', ...header }, 'RS256'))).code, 'TOKEN_INVALID')
      t.equal((await ask(hs256(validClaims(), { alg: 'HS256', ...header }))).status, 200)
    }
    t.equal(requests, 0)
  })

  t.test('of two Authorization headers neither counts', async (t) => {
    const origin = await app.listen({ host: '127.0.0.1', port: 0 })
    for (const [first, second] of [[valid(), valid()], [valid(), 'x'], ['x', valid()]]) {
      const answer = await sendRaw(origin, ['GET /who HTTP/1.1', `Authorization: Bearer ${first}`, `AUTHORIZATION: Bearer ${second}`])
      t.match(answer, /^HTTP\/1\.1 401 [^]*"TOKEN_INVALID"[^]*several Authorization headers/)
    }
  })

  t.test('no token is logged or answered', async (t) => {
    const token = valid()
    await ask(token)
    const refused = hs256({ ...validClaims(), orgKey: 'SECRET-IN-CLAIM' })
    t.notMatch((await ask(refused)).message, 'SECRET-IN-CLAIM')
    for (const part of [...token.split('.').slice(1), ...refused.split('.').slice(1), 'SECRET-IN-CLAIM']) t.notMatch(log.join(''), part)
  })
})

t.test('with a public key', async (t) => {
  for (const [algorithm, { privateKey, publicKey }, others] of [
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 }), ['RS384', 'RS512', 'PS256', 'PS384', 'PS512']],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }), []],
    ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' }), []],
    ['ES512', generateKeyPairSync('ec', { namedCurve: 'P-521' }), []],
    ['EdDSA', generateKeyPairSync('ed25519'), []],
  ] as const) {
    t.test(`of ${algorithm}`, async (t) => {
      const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
      const { ask } = await startIdentityService(t, { JWT_PUBLIC_KEY: pem.replaceAll('\n', '\\n') })

      t.test('a token signed with its private key is accepted', async (t) => {
        t.strictSame((await ask(signToken(privateKey, validClaims(), { alg: algorithm }, algorithm))).caller, member)
      })

      t.test('a token signed with the public key as an HMAC secret is refused', async (t) => {
        const encodings = [pem, pem.trim(), pem.replaceAll('\n', '\\n'), publicKey.export({ type: 'spki', format: 'der' }).toString('latin1')]
        for (const secret of encodings) {
          for (const hmac of ['HS256', 'HS384', 'HS512']) {
            t.equal((await ask(signToken(secret, validClaims(), { alg: hmac }, hmac))).code, 'TOKEN_INVALID')
            t.equal((await ask(signToken(secret, validClaims(), { alg: algorithm }, hmac))).code, 'TOKEN_INVALID')
          }
        }
      })

      t.test('no other algorithm is accepted, though the key could verify it', async (t) => {
        for (const other of others) t.equal((await ask(signToken(privateKey, validClaims(), { alg: other }, other))).code, 'TOKEN_INVALID')
        t.equal((await ask(`${encode({ alg: 'none' })}.${encode(validClaims())}.`)).code, 'TOKEN_INVALID')
        t.equal((await ask(signToken(privateKey, validClaims(), { alg: 'none' }, algorithm))).code, 'TOKEN_INVALID')
      })
    })
  }

  t.test('of Ed25519 goes by both names of its algorithm', async (t) => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const { ask } = await startIdentityService(t, { JWT_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString() })
    for (const alg of ['EdDSA', 'Ed25519']) t.equal((await ask(signToken(privateKey, validClaims(), { alg }, 'EdDSA'))).status, 200)
    for (const alg of ['Ed448', 'ed25519', 'eddsa']) {
      t.match(await ask(signToken(privateKey, validClaims(), { alg }, 'EdDSA')), { status: 401, message: /another algorithm/ })
    }
  })

  t.test('a signature of ECDSA that is all zeros is refused', async (t) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const { ask } = await startIdentityService(t, { JWT_PUBLIC_KEY: pem })
    const token = `${encode({ alg: 'ES256' })}.${encode(validClaims())}.${Buffer.alloc(64).toString('base64url')}`
    t.match(await ask(token), { status: 401, code: 'TOKEN_INVALID' })
  })
})

t.test('issuer and audience', async (t) => {
  const { ask, app } = await startIdentityService(t, { JWT_ISSUER: 'https://id.example.com/', JWT_AUDIENCE: 'files' })
  const right = { iss: 'https://id.example.com/', aud: 'files' }

  t.test('a token of the issuer for the audience is accepted', async (t) => {
    t.equal((await ask(hs256({ ...validClaims(), ...right }))).status, 200)
    t.equal((await ask(hs256({ ...validClaims(), ...right, aud: ['others', 'files'] }))).status, 200)
  })

  t.test('tokens that the service signs itself carry both', async (t) => {
    const { sub, orgKey, role } = validClaims()
    t.equal((await ask(app.jwt.sign({ sub, orgKey, role }, { expiresIn: '1m' }))).status, 200)
  })

  const anotherIssuer = /: it is of another issuer\.$/
  const wrongIssuer = /: its claim iss is missing or has the wrong form\.$/
  const anotherAudience = /: it is for another audience\.$/
  const wrongAudience = /: its claim aud is missing or has the wrong form\.$/
  for (const [name, change, message] of [
    ['no issuer', { iss: undefined }, wrongIssuer],
    ['another issuer', { iss: 'https://evil.example.com/' }, anotherIssuer],
    ['an issuer that only begins like it', { iss: 'https://id.example.com/.evil.example.com' }, anotherIssuer],
    ['an issuer without its slash', { iss: 'https://id.example.com' }, anotherIssuer],
    ['the issuer in an array', { iss: [right.iss] }, wrongIssuer],
    ['a null issuer', { iss: null }, wrongIssuer],
    ['no audience', { aud: undefined }, wrongAudience],
    ['another audience', { aud: 'others' }, anotherAudience],
    ['the audience in another case', { aud: 'Files' }, anotherAudience],
    ['an empty list of audiences', { aud: [] }, anotherAudience],
    ['an audience among what is not text', { aud: ['files', 7] }, wrongAudience],
    ['an audience as an object', { aud: { files: true } }, wrongAudience],
  ] as const) {
    t.test(`${name} is refused, and says so`, async (t) => {
      t.match(await ask(hs256({ ...validClaims(), ...right, ...change })), { status: 401, code: 'TOKEN_INVALID', message })
    })
  }
})

t.test('a clock tolerance holds at both ends, and no further', async (t) => {
  const { ask } = await startIdentityService(t, { JWT_CLOCK_TOLERANCE: '60' })
  const { restore } = t.intercept(Date, 'now', { value: () => Date.UTC(2026, 0, 1) })
  t.teardown(restore)
  for (const [change, status] of [
    [{ exp: secondsFromNow(-60) }, 200], [{ exp: secondsFromNow(-61) }, 401],
    [{ nbf: secondsFromNow(60) }, 200], [{ nbf: secondsFromNow(61) }, 401],
  ] as const) t.equal((await ask(hs256({ ...validClaims(), ...change }))).status, status)
})

t.test('names of claims', async (t) => {
  const { sub, orgKey, role, exp } = validClaims()

  t.test('may be URLs, and the usual ones are then ignored', async (t) => {
    const { ask } = await startIdentityService(t, {
      JWT_CLAIM_USER: 'https://files.example.com/user', JWT_CLAIM_ORG: 'https://files.example.com/org', JWT_CLAIM_ROLE: 'custom:role',
    })
    const claims = { 'https://files.example.com/user': sub, 'https://files.example.com/org': orgKey, 'custom:role': role, exp }
    t.strictSame((await ask(hs256({ ...claims, sub: 'auth0|7', orgKey: 'other', role: 'admin' }))).caller, member)
    t.match(await ask(hs256(validClaims())), { status: 401, message: /its claim https:\/\/files\.example\.com\/user is missing/ })
  })

  t.test('may be paths into other claims', async (t) => {
    const { ask } = await startIdentityService(t, { JWT_CLAIM_USER: 'account.id', JWT_CLAIM_ROLE: 'resource_access.files.example.com.roles' })
    const keycloak = {
      account: { id: sub }, orgKey, exp, realm_access: { roles: ['admin'] }, resource_access: { 'files.example.com': { roles: ['member', 'other'] } },
    }
    t.strictSame((await ask(hs256(keycloak))).caller, member)
    t.match(await ask(hs256({ ...keycloak, resource_access: {} })), {
      status: 401, message: /its claim resource_access\.files\.example\.com\.roles is missing/,
    })
  })

  for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
    t.test(`may be ${name}, which nobody inherits`, async (t) => {
      const { ask } = await startIdentityService(t, { JWT_CLAIM_ROLE: name })
      t.strictSame((await ask(hs256(JSON.stringify({ sub, orgKey, exp }).replace('{', `{"${name}":"member",`)))).caller, member)
      t.equal((await ask(hs256(validClaims()))).code, 'TOKEN_INVALID')
      t.notOk(Object.hasOwn(Object.prototype, 'role'))
    })
  }
})

t.test('values that stand for roles', async (t) => {
  const { ask, app } = await startIdentityService(t, {
    JWT_CLAIM_ROLE: 'groups', JWT_ROLE_VALUES: 'Files Admins = admin,Files Users=member, cn=jobs:x=service,8d6f=admin',
  })
  const rolesOf = async (groups: unknown) => {
    const { status, caller } = await ask(changed({ groups }))
    return status === 200 ? Object(caller).roles : status
  }

  t.test('are those that are listed, one or several', async (t) => {
    t.strictSame(await rolesOf('Files Users'), ['member'])
    t.strictSame(await rolesOf(['Everyone', 'Files Admins', 'Files Users']), ['member', 'admin'])
    t.strictSame(await rolesOf(['8d6f', 'Files Admins']), ['admin'])
    t.strictSame(await rolesOf(['cn=jobs:x']), ['service'])
  })

  t.test('are no others, not even the roles\' own names', async (t) => {
    for (const groups of ['admin', ['admin', 'member', 'service'], 'files admins', 'Files Admins ', '', [], undefined, ['__proto__'], 'toString']) {
      t.equal(await rolesOf(groups), 401)
    }
  })

  t.test('are written into tokens that the service signs itself', async (t) => {
    const caller: Caller = { ...member, roles: ['member', 'service'] }
    const token = app.jwt.sign(writeClaims(caller, app.claimNames, app.roleValues), { expiresIn: '1m' })
    t.strictSame((await ask(token)).caller, caller)
  })
})
