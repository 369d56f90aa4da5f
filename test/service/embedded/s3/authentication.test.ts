import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { UNSIGNED_PAYLOAD, canonicalQuery, deriveSigningKey, sign } from '../../../../store/signature-v4.js'
import { put, send, sendSigned, signHeaders } from '../../../service/contract/contract-store.js'
import { makeFolder, openStore } from '../../../support/test-store.js'

/* What the embedded store refuses beyond what every real store refuses. */

t.test('the embedded store refuses', async (t) => {
  const store = await openStore(t, await makeFolder(t))
  const { target, presign } = store
  await put(store, 'secret-key', 'x')
  const url = presign({ method: 'GET', objectKey: 'secret-key' })
  const base = `${target.endpoint}/${target.bucket}`

  t.test('a date more than fifteen minutes ahead', async (t) => {
    const at = (minutes: number) => send(presign({ method: 'GET', objectKey: 'secret-key', signedAt: new Date(Date.now() + minutes * 60_000) }))
    t.match(await at(14), { status: 200 })
    t.match(await at(16), { status: 403, code: 'AccessDenied' })
    const ahead = new Date(Date.now() + 16 * 60_000)
    t.match(await sendSigned(store, { method: 'GET', objectKey: 'secret-key', signedAt: ahead }), { status: 403, code: 'RequestTimeTooSkewed' })
  })

  t.test('a life of no seconds, or one that is not a number', async (t) => {
    for (const expiresInSeconds of [0, -1, 1.5, Number.NaN, 604_801]) {
      const response = await send(presign({ method: 'GET', objectKey: 'secret-key', expiresInSeconds }))
      t.match(response, { status: 400, code: 'AuthorizationQueryParametersError' }, String(expiresInSeconds))
    }
  })

  t.test('a signature whose parts are missing, repeated or of another form', async (t) => {
    const refused = { status: 400, code: 'AuthorizationQueryParametersError' }
    for (const name of ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Expires', 'X-Amz-SignedHeaders', 'X-Amz-Signature']) {
      const part = new RegExp(`${name}=[^&]*&?`)
      t.match(await send(url.replace(part, '')), refused, `without ${name}`)
      t.match(await send(`${url}&${part.exec(url)?.[0]}`), refused, `with two of ${name}`)
    }
    t.match(await send(url.replace('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1')), refused)
    t.match(await send(url.replace('aws4_request', 'aws4_other')), refused)
    t.match(await send(url.replace('%2Fs3%2F', '%2Fsqs%2F')), refused)
    t.match(await send(url.replace(/X-Amz-Date=\d{8}/, 'X-Amz-Date=20230101')), { status: 403, code: 'AccessDenied' })
    t.match(await send(url.replace('SignedHeaders=host', 'SignedHeaders=range')), { status: 403, code: 'SignatureDoesNotMatch' })
    t.match(await send(url.replace('SignedHeaders=host', 'SignedHeaders=host%3Bhost')), { status: 403, code: 'SignatureDoesNotMatch' })
  })

  t.test('a signature that is right, and does not cover the host', async (t) => {
    const range = 'bytes=0-9'
    const signed = presign({ method: 'GET', objectKey: 'secret-key', headers: { range } })
    t.match(await send(signed, { headers: { range } }), { status: 206 })
    const unsigned = new URL(signed)
    unsigned.searchParams.delete('X-Amz-Signature')
    unsigned.searchParams.set('X-Amz-SignedHeaders', 'range')
    const timestamp = unsigned.searchParams.get('X-Amz-Date') ?? ''
    const scope = { date: timestamp.slice(0, 8), region: target.region }
    const query = canonicalQuery(unsigned.searchParams)
    const signature = sign({
      method: 'GET', path: unsigned.pathname, query, headers: [['range', range]], payloadHash: UNSIGNED_PAYLOAD,
    }, deriveSigningKey(target.credentials.current.secretKey, scope), scope, timestamp)
    t.match(await send(`${unsigned.origin}${unsigned.pathname}?${query}&X-Amz-Signature=${signature}`, { headers: { range } }), {
      status: 403, code: 'SignatureDoesNotMatch',
    })
  })

  t.test('a request without a header that its signature covers, even an empty one', async (t) => {
    const signed = presign({ method: 'GET', objectKey: 'secret-key', headers: { 'x-amz-meta-empty': '' } })
    t.match(await send(signed), { status: 403, code: 'SignatureDoesNotMatch' })
    t.match(await send(signed, { headers: { 'x-amz-meta-empty': '' } }), { status: 200 })
  })

  t.test('an Authorization header of another form, two signatures, and one without date or payload hash', async (t) => {
    const { url: plainUrl, headers } = signHeaders(target, { method: 'GET', objectKey: 'secret-key' })
    for (const authorization of ['', 'Bearer x', 'AWS access:signature', headers.authorization.replace('Signature=', 'Signature=x')]) {
      t.match(await send(plainUrl, { headers: { ...headers, authorization } }), { status: 400, code: 'AuthorizationHeaderMalformed' })
    }
    t.match(await send(url, { headers }), { status: 400, code: 'InvalidArgument' })
    const { 'x-amz-date': _date, ...undated } = headers
    t.match(await send(plainUrl, { headers: undated }), { status: 403, code: 'AccessDenied' })
    const { 'x-amz-content-sha256': _hash, ...unhashed } = headers
    t.match(await send(plainUrl, { headers: unhashed }), { status: 400, code: 'InvalidRequest' })
  })

  t.test('a target that is not percent-encoded UTF-8, or holds a NUL', async (t) => {
    for (const path of ['/%', '/%zz', '/a%00b', '/%ff', '/%c0%af', '/%ed%a0%80', '?prefix=%', '?prefix=%00', '/a?%ff=1']) {
      t.match(await send(`${base}${path}`), { status: 400, code: 'InvalidURI' }, path)
    }
    t.match(await send(`${base}/${'k'.repeat(1025)}`), { status: 400, code: 'KeyTooLongError' })
    const { hostname, port } = new URL(store.endpoint)
    const socket = connect(Number(port), hostname)
    socket.end(`GET ${base}/k HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`)
    t.match(await text(socket), /^HTTP\/1\.1 400 .*InvalidURI/s, 'a whole URL')
  })

  t.test('what it does not implement', async (t) => {
    const refused = { status: 501, code: 'NotImplemented' }
    for (const query of [{ acl: '' }, { tagging: '' }, { versionId: 'x' }, { partNumber: '1' }, { 'x-amz-acl': 'public-read' }]) {
      t.match(await sendSigned(store, { method: 'GET', objectKey: 'secret-key', query }), refused, Object.keys(query).join())
      t.match(await sendSigned(store, { method: 'PUT', objectKey: 'secret-key', query }), refused, Object.keys(query).join())
    }
    for (const query of [{ policy: '' }, { versioning: '' }, { notification: '' }, { cors: '' }]) {
      t.match(await sendSigned(store, { method: 'GET', objectKey: '', query }), refused, Object.keys(query).join())
    }
    for (const header of ['x-amz-copy-source', 'x-amz-server-side-encryption-customer-key', 'x-amz-tagging', 'x-amz-acl']) {
      t.match(await sendSigned(store, { method: 'PUT', objectKey: 'secret-key', headers: { [header]: 'x' } }), refused, header)
    }
    t.match(await sendSigned(store, { method: 'DELETE', objectKey: '' }), refused, 'deleting the bucket')
  })

  t.test('more than two kilobytes of user metadata', async (t) => {
    const upload = (value: string) => sendSigned(store, { method: 'PUT', objectKey: 'metadata', headers: { 'x-amz-meta-a': value } })
    t.match(await upload('x'.repeat(2047)), { status: 200 })
    t.match(await upload('x'.repeat(2048)), { status: 400, code: 'MetadataTooLarge' })
  })

  t.test('a response header that cannot be sent', async (t) => {
    for (const value of ['a\r\nb: c', 'Ω', '\u0007']) {
      const response = await send(presign({ method: 'GET', objectKey: 'secret-key', query: { 'response-content-type': value } }))
      t.match(response, { status: 400, code: 'InvalidArgument' })
    }
  })

  t.test('without ever saying the key', async (t) => {
    const { body } = await send(`${base}/secret-key`)
    t.match(body.toString(), `<Resource>/${target.bucket}</Resource>`)
    for (const response of [await send(`${base}/secret-key`), await send(presign({ method: 'GET', objectKey: 'secret-key-absent' }))]) {
      t.notMatch(response.body.toString(), 'secret-key')
    }
  })
})

t.test('every spelling of a key has the same signature', async (t) => {
  const store = await openStore(t, await makeFolder(t))
  await put(store, 'a b/ü~(1)', 'x')
  const url = store.presign({ method: 'GET', objectKey: 'a b/ü~(1)' })
  for (const spelling of ['a%20b/%c3%bc~(1)', '%61%20b%2F%C3%BC%7E%281%29']) {
    t.equal((await send(url.replace('a%20b/%C3%BC~%281%29', spelling))).status, 200, spelling)
  }
})
