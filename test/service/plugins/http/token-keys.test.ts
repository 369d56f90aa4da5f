import { createHash } from 'node:crypto'
import t from 'tap'
import { RemoteKeySet } from '../../../../identity/remote-key-set.js'
import { pass } from '../../../support/clock.js'
import { startIdentityService } from '../../../support/identity-service.js'
import { type Issuer, issue, makeKey, startIssuer } from '../../../support/issuer.js'
import { member } from '../../../support/service.js'
import { encode, signToken, validClaims } from '../../../support/tokens.js'

const algorithms = ['RS256', 'PS384', 'ES256', 'ES384', 'ES512', 'EdDSA']
const keys = algorithms.map((algorithm) => makeKey(algorithm, `key-${algorithm}`, algorithm.startsWith('PS') ? { alg: algorithm } : {}))
const first = makeKey('RS256', 'first')
const second = makeKey('ES256', 'second')

t.test('a token is accepted with the key that it names and that key\'s algorithm alone', async (t) => {
  const issuer = await startIssuer(t)
  issuer.publish(...keys.map(({ jwk }) => jwk), { kty: 'oct', kid: 'shared', k: Buffer.from('secret').toString('base64url'), alg: 'HS256' })
  const { ask } = await startIdentityService(t, { JWT_JWKS_URL: issuer.url })

  for (const key of keys) t.strictSame((await ask(issue(key))).caller, member, key.algorithm)
  t.equal(issuer.requests(), 1, 'the key set was fetched once')

  for (const [name, token] of Object.entries({
    'another key than the one named': issue(first, { kid: 'key-RS256' }),
    'another of the set than the one named': issue({ ...first, privateKey: keys[0]?.privateKey ?? first.privateKey }, { kid: 'key-PS384' }),
    'another algorithm that the key could verify': signToken(keys[0]?.privateKey ?? '', validClaims(), { alg: 'PS256', kid: 'key-RS256' }, 'PS256'),
    'the algorithm of another type of key': issue(first, { alg: 'ES256', kid: 'key-RS256' }),
    'no algorithm by its header': `${encode({ alg: 'none', kid: 'key-RS256' })}.${encode(validClaims())}.`,
    'no signature': `${encode({ alg: 'RS256', kid: 'key-RS256' })}.${encode(validClaims())}.`,
    'the symmetric key of the set': signToken('secret', validClaims(), { alg: 'HS256', kid: 'shared' }),
    'no key by its header, and with one that is not in the set': issue(first, { kid: undefined }),
    'a key of its own that it brings along': issue(first, { kid: 'first', jwk: first.jwk }),
  })) {
    t.test(`a token signed with ${name} is refused`, async (t) => {
      t.match(await ask(token), { status: 401, code: 'TOKEN_INVALID' })
    })
  }

  t.test('a token signed with a public key as an HMAC secret is refused', async (t) => {
    for (const { publicKey, jwk, algorithm } of keys) {
      const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
      for (const secret of [pem, pem.trim(), JSON.stringify(jwk), String(jwk.n ?? jwk.x)]) {
        for (const alg of ['HS256', algorithm]) {
          t.equal((await ask(signToken(secret, validClaims(), { alg, kid: jwk.kid }))).code, 'TOKEN_INVALID')
        }
      }
    }
  })

  t.test('a key id is compared, and nothing else', async (t) => {
    const kids: unknown[] = ['', ' key-RS256', 'key-RS256\0', 'KEY-RS256', '../../../../dev/null', '/etc/passwd', "' OR '1'='1", "key' UNION SELECT 'secret' --",
      issuer.url, '__proto__', 'constructor', 'toString', 'x'.repeat(5000), '0', 'null', 'undefined',
      0, 7, true, false, null, [], ['key-RS256'], {}, { toString: 'key-RS256' }, { kid: 'key-RS256' }]
    for (const kid of kids) t.match(await ask(issue(first, { kid })), { status: 401, code: 'TOKEN_INVALID' }, JSON.stringify(kid))
  })

  t.test('where a token says that its key can be found is ignored', async (t) => {
    const evil = await startIssuer(t)
    evil.publish(first.jwk)
    for (const header of [{ jku: evil.url }, { x5u: evil.url }, { jwk: first.jwk }, { x5c: ['MIIB'] }, { kid: evil.url }, { iss: evil.url }]) {
      t.equal((await ask(issue(first, header))).code, 'TOKEN_INVALID')
    }
    t.equal(evil.requests(), 0)
  })
})

t.test('a token that names no key', async (t) => {
  const issuer = await startIssuer(t)
  const others = [makeKey('RS256', 'other'), makeKey('PS256', 'another', { alg: 'PS256' }), makeKey('ES384', undefined)]
  const only = makeKey('ES256', 'only')
  issuer.publish(...others.map(({ jwk }) => jwk), only.jwk)
  const { ask } = await startIdentityService(t, { JWT_JWKS_URL: issuer.url })

  t.test('is accepted where one key of the set fits its algorithm', async (t) => {
    t.equal((await ask(issue(only, { kid: undefined }))).status, 200)
    t.match(await ask(issue({ ...only, privateKey: second.privateKey }, { kid: undefined })), { status: 401, message: /its signature is wrong/ })
  })

  t.test('is refused where several do, whichever has signed it', async (t) => {
    const twin = makeKey('ES256', 'twin')
    const { ask } = await startIdentityService(t, { JWT_JWKS_URL: issuer.url })
    issuer.publish(only.jwk, twin.jwk)
    for (const key of [only, twin]) {
      t.match(await ask(issue(key, { kid: undefined })), { status: 401, message: /: it names no key, and several keys fit its algorithm\.$/ })
      t.equal((await ask(issue(key))).status, 200)
    }
  })

  t.test('is refused where none does, and says so', async (t) => {
    t.match(await ask(issue(makeKey('ES512', undefined))), { status: 401, message: /: it is signed with an unknown key\.$/ })
  })
})

t.test('of keys with one id each is tried', async (t) => {
  const issuer = await startIssuer(t)
  const same = ['RS256', 'RS256', 'ES256', 'RS256'].map((algorithm) => makeKey(algorithm, 'same'))
  issuer.publish(...same.map(({ jwk }) => jwk))
  const { ask } = await startIdentityService(t, { JWT_JWKS_URL: issuer.url })
  for (const key of same) t.equal((await ask(issue(key))).status, 200)
  t.match(await ask(issue({ ...first, jwk: { kid: 'same' } })), { status: 401, message: /its signature is wrong/ })
  t.match(await ask(issue(makeKey('ES384', 'same'))), { status: 401, message: /it is signed with another algorithm/ })
})

t.test('a token that names a key is verified with a key without an id where no key has that id, and only there', async (t) => {
  const issuer = await startIssuer(t)
  const nameless = makeKey('RS256', undefined)
  issuer.publish(nameless.jwk, first.jwk)
  const { ask } = await startIdentityService(t, { JWT_JWKS_URL: issuer.url })
  t.equal((await ask(issue(nameless, { kid: 'some' }))).status, 200)
  t.match(await ask(issue(nameless, { kid: 'first' })), { status: 401, message: /its signature is wrong/ })
  t.match(await ask(issue(second)), { status: 401, message: /it is signed with an unknown key/ })
})

t.test('a key of Ed25519 goes by both names of its algorithm, in the set and in tokens', async (t) => {
  const issuer = await startIssuer(t)
  for (const inSet of ['EdDSA', 'Ed25519']) {
    const key = makeKey('EdDSA', `in-set-${inSet}`, { alg: inSet })
    issuer.publish(key.jwk)
    const { ask } = await startIdentityService(t, { JWT_JWKS_URL: issuer.url })
    for (const alg of ['EdDSA', 'Ed25519']) t.equal((await ask(issue(key, { alg }))).status, 200)
  }
})

t.test('nobody signs with a key whose exponent is 1', async (t) => {
  const issuer = await startIssuer(t)
  const { publicKey, jwk } = makeKey('RS256', 'weak', { e: 'AQ' })
  issuer.publish(jwk, first.jwk)
  const { ask } = await startIdentityService(t, { JWT_JWKS_URL: issuer.url })
  // With such a key, the padded hash is its own signature (RFC 8017, 8.2.2 and 9.2).
  const signed = `${encode({ alg: 'RS256', kid: 'weak' })}.${encode(validClaims())}`
  const digest = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), createHash('sha256').update(signed).digest()])
  const length = (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8
  const padded = Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(length - 3 - digest.length, 0xff), Buffer.from([0]), digest])
  t.match(await ask(`${signed}.${padded.toString('base64url')}`), { status: 401, message: /it is signed with an unknown key/ })
  t.equal((await ask(issue(first))).status, 200)
})

t.test('rotation', async (t) => {
  const issuer = await startIssuer(t)
  issuer.publish(first.jwk)
  const { ask } = await startIdentityService(t, { JWT_JWKS_URL: issuer.url })
  t.equal((await ask(issue(first))).status, 200)

  t.test('made-up key ids do not have the issuer asked again', async (t) => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => ask(issue(first, { kid: `made-up-${index}` }))))
    t.ok(answers.every(({ status }) => status === 401))
    t.equal(issuer.requests(), 1)
  })

  t.test('ten seconds later, many at once have it asked once, and a new key is then known', async (t) => {
    issuer.publish(first.jwk, second.jwk)
    t.equal((await ask(issue(second))).code, 'TOKEN_INVALID', 'not before')
    pass(t, 11)
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) =>
      ask(index % 2 === 0 ? issue(second) : issue(first, { kid: `made-up-${index}` }))))
    t.strictSame(answers.map(({ status }) => status), answers.map((_, index) => index % 2 === 0 ? 200 : 401))
    t.equal(issuer.requests(), 2)
    t.equal((await ask(issue(first))).status, 200, 'the old key is still good')
  })

  t.test('a withdrawn key is no longer accepted once the set has been fetched again', async (t) => {
    issuer.publish(second.jwk)
    pass(t, 30)
    await ask(issue(second, { kid: 'made-up' }))
    t.equal((await ask(issue(first))).code, 'TOKEN_INVALID')
    t.equal((await ask(issue(second))).status, 200)
  })
})

t.test('a set of a mebibyte is read, and a bigger one is not', async (t) => {
  const issuer = await startIssuer(t)
  const publishPadded = (bytes: number) => {
    const document = JSON.stringify({ keys: [first.jwk], padding: '' })
    issuer.behave((response) => { response.end(document.replace('""}', `"${'x'.repeat(bytes - document.length)}"}`)) })
  }
  const askWith = async (bytes: number) => {
    publishPadded(bytes)
    const { ask } = await startIdentityService(t, { JWT_JWKS_URL: issuer.url })
    return (await ask(issue(first))).status
  }
  t.equal(await askWith(1024 * 1024), 200)
  t.equal(await askWith(1024 * 1024 + 1), 503)
})

t.test('the set is fetched again by itself', async (t) => {
  const issuer = await startIssuer(t)
  issuer.publish(first.jwk)
  const set = new RemoteKeySet(issuer.url, { onFailure: (error) => { throw error }, refreshIntervalMs: 20 })
  t.teardown(() => set.close())
  await issuer.asked()
  issuer.publish(second.jwk)
  // The first of the two may have been answered before the change.
  await issuer.asked()
  await issuer.asked()
  await set.refresh()
  t.strictSame(set.keys.map(({ keyId }) => keyId), ['second'])
})

const outages: Record<string, (issuer: Issuer) => void> = {
  'answers with an error': ({ behave }) => { behave((response) => { response.writeHead(500).end('{"keys":[]}') }) },
  'redirects elsewhere': ({ behave }) => { behave((response) => { response.writeHead(302, { location: '/other' }).end() }) },
  'answers with a page': ({ behave }) => { behave((response) => { response.end('<html>Sign in</html>') }) },
  'answers with another document': ({ behave }) => { behave((response) => { response.end('{"error":"x"}') }) },
  'breaks off': ({ behave }) => { behave((response) => { response.write('{"keys":['); response.destroy() }) },
  'sends without end': ({ behave }) => {
    behave((response) => {
      const blanks = Buffer.alloc(64 * 1024, ' ')
      const send = () => { while (!response.destroyed && response.write(blanks)); }
      response.on('drain', send)
      send()
    })
  },
}
for (const [outage, begin] of Object.entries(outages)) {
  t.test(`while the issuer ${outage}, known keys stay in use, and others are answered with 503`, async (t) => {
    const issuer = await startIssuer(t)
    issuer.publish(first.jwk)
    const { ask, log, app } = await startIdentityService(t, { JWT_JWKS_URL: issuer.url })
    t.equal((await ask(issue(first))).status, 200)
    begin(issuer)
    await t.test('at once', async (t) => {
      pass(t, 11)
      t.match(await ask(issue(second)), { status: 503, code: 'TOKEN_KEYS_UNAVAILABLE' })
      t.equal((await ask(issue(first))).status, 200)
      const asked = issuer.requests()
      const authorization = `Bearer ${issue(second)}`
      t.match((await app.inject({ url: '/who', headers: { authorization } })).headers, { 'retry-after': '5' })
      t.equal(issuer.requests(), asked, 'the issuer is left alone for a while')
      t.match(log.join(''), 'The issuer\'s key set cannot be fetched')
    })
    await t.test('until it answers again', async (t) => {
      issuer.publish(first.jwk, second.jwk)
      pass(t, 17)
      t.equal((await ask(issue(second))).status, 200)
    })
  })
}

t.test('while the issuer was never there, tokens are answered with 503, and then accepted', async (t) => {
  const issuer = await startIssuer(t)
  issuer.behave((response) => { response.destroy() })
  const { ask } = await startIdentityService(t, { JWT_JWKS_URL: issuer.url })
  t.match(await ask(issue(first)), { status: 503, code: 'TOKEN_KEYS_UNAVAILABLE' })
  issuer.publish(first.jwk)
  pass(t, 6)
  t.equal((await ask(issue(first))).status, 200)
})

t.test('a mute issuer is given up, and closing the service does not wait for it', async (t) => {
  const issuer = await startIssuer(t)
  issuer.behave(() => {})
  const { ask, app } = await startIdentityService(t, { JWT_JWKS_URL: issuer.url })
  t.match(await ask(issue(first)), { status: 503, code: 'TOKEN_KEYS_UNAVAILABLE' })
  pass(t, 6)
  const asked = issuer.asked()
  const answer = ask(issue(first))
  await asked
  await app.close()
  t.match(await answer, { status: 503 })
})

t.test('a key set that was emptied ends all trust, and is logged', async (t) => {
  const issuer = await startIssuer(t)
  issuer.publish(first.jwk)
  const { ask, log } = await startIdentityService(t, { JWT_JWKS_URL: issuer.url })
  t.equal((await ask(issue(first))).status, 200)
  issuer.publish()
  pass(t, 11)
  t.equal((await ask(issue(second))).code, 'TOKEN_INVALID')
  t.equal((await ask(issue(first))).code, 'TOKEN_INVALID')
  t.match(log.join(''), 'no key that can verify tokens')
})
