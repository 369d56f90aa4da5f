import { createHmac, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import t from 'tap'
import { DEVELOPMENT_JWT_SECRET } from '../../config.js'
import { admin, member, startService } from '../service.js'

const usage = '/api/v1/objects/storage-usage'
const claims = { sub: member.userId, orgKey: member.orgKey, role: member.role }
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600

function encode (part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

function hs256 (payload: unknown, secret = DEVELOPMENT_JWT_SECRET, header: object = { alg: 'HS256', typ: 'JWT' }): string {
  const signed = `${encode(header)}.${encode(payload)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

t.test('with a shared secret', async (t) => {
  const { app, authorise, log } = await startService(t)
  const ask = async (authorization: string | undefined, url = usage) =>
    await app.inject({ url, headers: authorization === undefined ? {} : { authorization } })

  t.test('a valid token is accepted, whatever the case of the scheme', async (t) => {
    const token = hs256({ ...claims, exp: inAnHour() })
    t.equal((await ask(`Bearer ${token}`)).statusCode, 200)
    t.equal((await ask(`bearer ${token}`)).statusCode, 200)
  })

  t.test('a token with claims that we do not know is accepted', async (t) => {
    t.equal((await ask(`Bearer ${hs256({ ...claims, exp: inAnHour(), iss: 'x', name: 'n' })}`)).statusCode, 200)
  })

  const refused: Array<[name: string, code: 'TOKEN_REQUIRED' | 'TOKEN_INVALID', authorization: () => string | undefined]> = [
    ['no Authorization header', 'TOKEN_REQUIRED', () => undefined],
    ['an empty Authorization header', 'TOKEN_REQUIRED', () => ''],
    ['another scheme', 'TOKEN_INVALID', () => 'Basic YTpi'],
    ['no token behind the scheme', 'TOKEN_INVALID', () => 'Bearer '],
    ['two tokens', 'TOKEN_INVALID', () => { const token = hs256({ ...claims, exp: inAnHour() }); return `Bearer ${token} ${token}` }],
    ['no token at all', 'TOKEN_INVALID', () => 'Bearer not-a-token'],
    ['an oversized token', 'TOKEN_INVALID', () => `Bearer ${hs256({ ...claims, exp: inAnHour(), padding: 'x'.repeat(9000) })}`],
    ['another secret', 'TOKEN_INVALID', () => `Bearer ${hs256({ ...claims, exp: inAnHour() }, 'another-secret-of-32-characters!!')}`],
    ['the algorithm none', 'TOKEN_INVALID', () => `Bearer ${encode({ alg: 'none' })}.${encode({ ...claims, exp: inAnHour() })}.`],
    ['another HMAC', 'TOKEN_INVALID', () => `Bearer ${hs256({ ...claims, exp: inAnHour() }, DEVELOPMENT_JWT_SECRET, { alg: 'HS512' })}`],
    ['no exp', 'TOKEN_INVALID', () => `Bearer ${hs256(claims)}`],
    ['exp in the past', 'TOKEN_INVALID', () => `Bearer ${hs256({ ...claims, exp: inAnHour() - 7200 })}`],
    ['exp as a string', 'TOKEN_INVALID', () => `Bearer ${hs256({ ...claims, exp: String(inAnHour()) })}`],
    ['nbf in the future', 'TOKEN_INVALID', () => `Bearer ${hs256({ ...claims, exp: inAnHour(), nbf: inAnHour() - 60 })}`],
    ...Object.entries({
      'no sub': { sub: undefined },
      'a sub that is no UUID': { sub: 'me' },
      'a sub as URN': { sub: `urn:uuid:${member.userId}` },
      'a sub in upper case': { sub: member.userId.toUpperCase() },
      'no orgKey': { orgKey: undefined },
      'a numeric orgKey': { orgKey: 7 },
      'an empty orgKey': { orgKey: '' },
      'an orgKey with a slash': { orgKey: 'a/b' },
      'an orgKey in an array': { orgKey: ['acme'] },
      'no role': { role: undefined },
      'an unknown role': { role: 'root' },
      'a role in an array': { role: ['admin'] },
    }).map(([name, change]) =>
      [name, 'TOKEN_INVALID', () => `Bearer ${hs256({ ...claims, exp: inAnHour(), ...change })}`] satisfies typeof refused[number]),
  ]
  for (const [name, code, authorization] of refused) {
    t.test(`${name} is refused`, async (t) => {
      const answer = await ask(authorization())
      t.equal(answer.statusCode, 401)
      t.equal(answer.json().code, code)
      t.equal(answer.headers['www-authenticate'], 'Bearer')
    })
  }

  t.test('a token in the query or in a cookie counts for nothing', async (t) => {
    const token = hs256({ ...claims, exp: inAnHour() })
    t.equal((await ask(undefined, `${usage}?token=${token}`)).statusCode, 401)
    const answer = await app.inject({ url: usage, headers: { cookie: `token=${token}` } })
    t.equal(answer.statusCode, 401)
  })

  t.test('no token is logged', async (t) => {
    const { authorization } = authorise(admin)
    await ask(authorization)
    const token = authorization.slice('Bearer '.length)
    t.notMatch(log.join(''), token)
    t.notMatch(log.join(''), token.split('.')[2])
  })
})

t.test('with a public key', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const { app } = await startService(t, { JWT_PUBLIC_KEY: pem.replaceAll('\n', '\\n') })
  const ask = async (token: string) => await app.inject({ url: usage, headers: { authorization: `Bearer ${token}` } })
  const payload = { ...claims, exp: inAnHour() }

  t.test('a token signed with its private key is accepted', async (t) => {
    const signed = `${encode({ alg: 'RS256' })}.${encode(payload)}`
    const signature = sign('sha256', Buffer.from(signed), createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })))
    t.equal((await ask(`${signed}.${signature.toString('base64url')}`)).statusCode, 200)
  })

  t.test('a token signed with the public key as an HMAC secret is refused', async (t) => {
    t.equal((await ask(hs256(payload, pem))).statusCode, 401)
  })
})
