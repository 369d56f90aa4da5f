import { EventEmitter, once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { json, startDownloadService, steadyHeaders } from '../../../../../support/download-service.js'
import { storeKinds } from '../../../../../support/stores.js'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz'
const capabilityHeaders = { 'referrer-policy': 'no-referrer', 'x-robots-tag': 'noindex', 'x-content-type-options': 'nosniff' }
/** What describes a file's bytes, and so does not belong in an answer without them. */
const representationHeaders = ['content-disposition', 'content-encoding', 'accept-ranges', 'last-modified', 'etag', 'content-security-policy']

type Row = [behaviour: string, headers: Record<string, string>, status: number, contentRange?: string, body?: string]

const ranges: Row[] = [
  ['the first bytes', { range: 'bytes=0-4' }, 206, 'bytes 0-4/26', 'abcde'],
  ['a single byte', { range: 'bytes=25-25' }, 206, 'bytes 25-25/26', 'z'],
  ['all from a position', { range: 'bytes=20-' }, 206, 'bytes 20-25/26', 'uvwxyz'],
  ['an end past the file', { range: 'bytes=20-999' }, 206, 'bytes 20-25/26', 'uvwxyz'],
  ['the last bytes', { range: 'bytes=-3' }, 206, 'bytes 23-25/26', 'xyz'],
  ['a suffix longer than the file', { range: 'bytes=-100' }, 206, 'bytes 0-25/26', ALPHABET],
  ['a suffix of nothing', { range: 'bytes=-0' }, 416, 'bytes */26'],
  ['a start past the end', { range: 'bytes=26-' }, 416, 'bytes */26'],
  ['a start beyond any number', { range: 'bytes=99999999999999999999-' }, 416, 'bytes */26'],
  ['an unknown unit', { range: 'items=0-4' }, 200],
  ['a unit in capitals', { range: 'Bytes=0-4' }, 206, 'bytes 0-4/26', 'abcde'],
  ['a range that ends before it begins', { range: 'bytes=4-0' }, 200],
  ['a range that is none', { range: 'bytes=a-b' }, 200],
  ['a unit without a range', { range: 'bytes' }, 200],
  ['several ranges', { range: 'bytes=0-1,3-4' }, 200],
  ['several ranges of which one lies in the file', { range: 'bytes=0-1, 900-' }, 206, 'bytes 0-1/26', 'ab'],
  ['several ranges of which none lies in the file', { range: 'bytes=900-, 901-' }, 416, 'bytes */26'],
]

function preconditions (entityTag: string, lastModified: string): Row[] {
  const at = (offsetMs: number) => new Date(Date.parse(lastModified) + offsetMs).toUTCString()
  const earlier = at(-1000)
  const later = at(1000)
  const range = 'bytes=0-4'
  const part: [number, string, string] = [206, 'bytes 0-4/26', 'abcde']
  return [
    ['If-Match with its entity tag', { 'if-match': entityTag }, 200],
    ['If-Match with *', { 'if-match': '*' }, 200],
    ['If-Match with a list that holds its entity tag', { 'if-match': `"other", ${entityTag}` }, 200],
    ['If-Match with its entity tag made weak', { 'if-match': `W/${entityTag}` }, 412],
    ['If-Match with another entity tag', { 'if-match': '"other"' }, 412],
    ['If-None-Match with its entity tag', { 'if-none-match': entityTag }, 304],
    ['If-None-Match with its entity tag made weak', { 'if-none-match': `W/${entityTag}` }, 304],
    ['If-None-Match with a list that holds it made weak', { 'if-none-match': `"other", W/${entityTag}` }, 304],
    ['If-None-Match with *', { 'if-none-match': '*' }, 304],
    ['If-None-Match with another entity tag', { 'if-none-match': '"other"' }, 200],
    ['If-Modified-Since equal to Last-Modified', { 'if-modified-since': lastModified }, 304],
    ['If-Modified-Since after Last-Modified', { 'if-modified-since': later }, 304],
    ['If-Modified-Since before Last-Modified', { 'if-modified-since': earlier }, 200],
    ['If-Modified-Since that is not a date', { 'if-modified-since': 'yesterday' }, 200],
    ['If-Unmodified-Since equal to Last-Modified', { 'if-unmodified-since': lastModified }, 200],
    ['If-Unmodified-Since before Last-Modified', { 'if-unmodified-since': earlier }, 412],
    ['If-Match goes before If-Unmodified-Since', { 'if-match': entityTag, 'if-unmodified-since': earlier }, 200],
    ['If-None-Match goes before If-Modified-Since', { 'if-none-match': '"other"', 'if-modified-since': later }, 200],
    ['If-Match goes before If-None-Match', { 'if-match': '"other"', 'if-none-match': entityTag }, 412],
    ['If-Unmodified-Since goes before If-None-Match', { 'if-unmodified-since': earlier, 'if-none-match': entityTag }, 412],
    ['a range of a file that the client has', { 'if-none-match': entityTag, range }, 304],
    ['a range past the end of a file in another state', { 'if-match': '"other"', range: 'bytes=26-' }, 412],
    ['a range of a file in the state asked for', { 'if-match': entityTag, range }, ...part],
    ['If-Range with its entity tag', { 'if-range': entityTag, range }, ...part],
    ['If-Range with its entity tag made weak', { 'if-range': `W/${entityTag}`, range }, 200],
    ['If-Range with another entity tag', { 'if-range': '"other"', range }, 200],
    ['If-Range with a list', { 'if-range': `"other", ${entityTag}`, range }, 200],
    ['If-Range with its date', { 'if-range': lastModified, range }, ...part],
    ['If-Range with another date', { 'if-range': later, range }, 200],
    ['If-Range with another entity tag and a range past the end', { 'if-range': '"other"', range: 'bytes=26-' }, 200],
    ['If-Range without a range', { 'if-range': '"other"' }, 200],
  ]
}

type Question = [behaviour: string, headers: Record<string, string>, methods: string[]]

/** The requests to the store: one, unless only the file can decide what is wanted, or the store differs from RFC 9110. */
function storeRequests (entityTag: string, lastModified: string): Question[] {
  const earlier = new Date(Date.parse(lastModified) - 1000).toUTCString()
  const range = 'bytes=0-4'
  return [
    ['the whole file', {}, ['GET']],
    ['a range', { range }, ['GET']],
    ['a suffix', { range: 'bytes=-3' }, ['GET']],
    ['a range of another unit', { range: 'items=0-4' }, ['GET']],
    ['a range of the file with this entity tag', { range, 'if-range': entityTag }, ['GET']],
    ['a range of the file with this date', { range, 'if-range': lastModified }, ['GET']],
    ['a range of a file that is another now', { range, 'if-range': '"other"' }, ['GET', 'GET']],
    ['a file with this entity tag', { 'if-match': entityTag }, ['GET']],
    ['a file with any entity tag', { 'if-match': '*' }, ['GET']],
    ['a file with one of some entity tags', { 'if-match': `"other", ${entityTag}` }, ['GET']],
    ['a file that has been the same since', { 'if-unmodified-since': lastModified }, ['GET']],
    ['a file that the client has', { 'if-none-match': entityTag }, ['HEAD']],
    ['a file that the client has by its date', { 'if-modified-since': lastModified }, ['HEAD']],
    ['a file that the client had', { 'if-none-match': '"other"' }, ['HEAD', 'GET']],
    ['a file of another entity tag: 412', { 'if-match': '"other"' }, ['GET', 'HEAD']],
    ['a file that has changed: 412', { 'if-unmodified-since': earlier }, ['GET']],
    ['a range past the end: 416', { range: 'bytes=26-' }, ['GET', 'HEAD']],
    ['several ranges', { range: 'bytes=0-1,3-4' }, ['HEAD', 'GET']],
    ['a range of no bytes: 416', { range: 'bytes=-0' }, ['HEAD']],
  ]
}

for (const kind of storeKinds) {
  t.test(`streamed downloads from the ${kind.name}`, { skip: kind.skip }, async (t) => {
    const service = await startDownloadService(t, kind, { DOWNLOAD_MODE: 'stream' })
    const { ask, proxy, putFile, downloadPath } = service
    const objectKey = await putFile(ALPHABET, { fileName: 'alphabet.txt' })
    const path = downloadPath(objectKey)
    const whole = await ask(path)
    const entityTag = String(whole.headers.etag)
    const lastModified = String(whole.headers['last-modified'])
    // A date is a strong validator only once its second is over (RFC 9110, 8.8.2.2).
    await setTimeout(Date.parse(lastModified) + 1000 - Date.now())

    t.test('the whole file comes from one request, with its headers', async (t) => {
      proxy.forgetRequests()
      const answer = await ask(path)
      t.match(answer, {
        status: 200,
        headers: {
          ...capabilityHeaders,
          'content-length': '26',
          'content-type': 'text/plain',
          'content-disposition': 'attachment; filename=alphabet.txt; filename*=UTF-8\'\'alphabet.txt',
          'accept-ranges': 'bytes',
          'cache-control': 'private, no-cache',
          vary: 'accept',
          etag: /^"[^"]+"$/,
          'last-modified': / GMT$/,
        },
      })
      t.equal(answer.body.toString(), ALPHABET)
      t.same(proxy.requests.map(({ method }) => method), ['GET'])
    })

    for (const [behaviour, headers, status, contentRange, body] of [...ranges, ...preconditions(entityTag, lastModified)]) {
      t.test(`${behaviour}: ${status}`, async (t) => {
        const answer = await ask(path, { headers })
        t.equal(answer.status, status)
        t.equal(answer.headers['content-range'], contentRange)
        if (status === 200 || status === 206) {
          const expected = body ?? ALPHABET
          t.equal(answer.body.toString(), expected)
          const { 'content-range': _, ...others } = steadyHeaders(answer)
          t.same(others, { ...steadyHeaders(whole), 'content-length': String(expected.length) })
        } else if (status === 304) {
          t.equal(answer.body.length, 0)
          t.same(steadyHeaders(answer), {
            ...capabilityHeaders, vary: 'accept', etag: entityTag, 'last-modified': lastModified, 'cache-control': 'private, no-cache',
          })
        } else {
          t.match(json(answer), { statusCode: status, code: status === 412 ? 'PRECONDITION_FAILED' : 'RANGE_NOT_SATISFIABLE' })
          t.match(answer.headers, { ...capabilityHeaders, 'cache-control': 'no-store', 'content-type': /^application\/json/ })
          t.notOk(representationHeaders.some((name) => name in answer.headers), 'nothing in it is about the file')
        }
      })

      t.test(`HEAD with ${behaviour} gets what GET gets without a range, and opens nothing`, async (t) => {
        const { range, ...others } = headers
        const expected = await ask(path, { headers: others })
        proxy.forgetRequests()
        const answer = await ask(path, { method: 'HEAD', headers })
        t.equal(answer.status, expected.status)
        t.same(steadyHeaders(answer), steadyHeaders(expected))
        t.equal(answer.body.length, 0)
        t.same(proxy.requests.map(({ method }) => method), ['HEAD'])
        t.equal(proxy.bodyBytes, 0)
      })
    }

    for (const [behaviour, headers, methods] of storeRequests(entityTag, lastModified)) {
      t.test(`${behaviour} costs the store ${methods.join(', then ')}`, async (t) => {
        proxy.forgetRequests()
        await ask(path, { headers })
        t.strictSame(proxy.requests.map(({ method }) => method), methods)
      })
    }

    t.test('what is answered without bytes moves none of the file', async (t) => {
      const large = downloadPath(await putFile(Buffer.alloc(1024 ** 2, 'x')))
      proxy.forgetRequests()
      for (const headers of [{ 'if-none-match': '*' }, { 'if-match': '"other"' }, { range: 'bytes=2000000-' }]) await ask(large, { headers })
      // The store's errors are documents of their own.
      t.ok(proxy.bodyBytes < 4096, String(proxy.bodyBytes))
    })

    t.test('a range costs no more than its bytes', async (t) => {
      const large = await putFile(Buffer.alloc(1024 ** 2, 'x'))
      proxy.forgetRequests()
      t.match(await ask(downloadPath(large), { headers: { range: 'bytes=1000-1099' } }), { status: 206, body: Buffer.alloc(100, 'x') })
      t.equal(proxy.bodyBytes, 100)
    })

    t.test('an empty file', async (t) => {
      const empty = downloadPath(await putFile(''))
      t.match(await ask(empty), { status: 200, headers: { 'content-length': '0' }, body: Buffer.alloc(0) })
      t.match(await ask(empty, { method: 'HEAD' }), { status: 200, headers: { 'content-length': '0' } })
      t.match(await ask(empty, { headers: { range: 'bytes=0-' } }), { status: 416, headers: { 'content-range': 'bytes */0' } })
      t.match(await ask(empty, { headers: { range: 'bytes=-5' } }), { status: 200, headers: { 'content-length': '0' } })
    })

    t.test('a missing file', async (t) => {
      const missing = downloadPath(objectKey.replace(/[^/]+$/, 'missing.txt'))
      for (const headers of [{}, { range: 'bytes=0-4' }, { 'if-none-match': '*' }, { 'if-match': '*' }]) {
        const answer = await ask(missing, { headers })
        t.equal(answer.status, 404)
        t.match(json(answer), { code: 'OBJECT_NOT_FOUND' })
        t.match(await ask(missing, { method: 'HEAD', headers }), { status: 404, body: Buffer.alloc(0) })
      }
    })

    t.test('encoded content is passed through as it is, and nothing else is encoded', async (t) => {
      const encoded = gzipSync(ALPHABET.repeat(1000))
      const gzipped = downloadPath(await putFile(encoded, { metadata: { 'Content-Encoding': 'gzip' } }))
      const plain = downloadPath(await putFile(ALPHABET.repeat(1000)))
      for (const headers of [{ 'accept-encoding': 'gzip, br' }, { 'accept-encoding': 'identity' }]) {
        const answer = await ask(gzipped, { headers })
        t.match(answer, { status: 200, headers: { 'content-encoding': 'gzip', 'content-length': String(encoded.length) } })
        t.ok(answer.body.equals(encoded))
        t.match(await ask(gzipped, { headers: { ...headers, range: 'bytes=0-3' } }), { status: 206, headers: { 'content-encoding': 'gzip' } })
        t.notOk('content-encoding' in (await ask(plain, { headers })).headers)
      }
    })

    t.test('a file stored without a type is sent as application/octet-stream', async (t) => {
      proxy.inject({ kind: 'omit', header: 'content-type' })
      t.match(await ask(path), { status: 200, headers: { 'content-type': 'application/octet-stream' } })
      t.match(await ask(path, { method: 'HEAD' }), { status: 200, headers: { 'content-type': 'application/octet-stream' } })
      proxy.heal()
    })

    t.test('a client that names application/json gets the URL', async (t) => {
      const answer = await ask(path, { headers: { accept: 'application/json' } })
      t.match(answer, { status: 200, headers: { 'content-type': /^application\/json/, vary: 'accept' } })
      t.match(await ask(Object(json(answer)).url), { status: 200, body: Buffer.from(ALPHABET) })
    })

    /** Requests a part, and puts the file into its next state each time that the part is about to be read. */
    const askWhile = async (objectKey: string, headers: Record<string, string>, states: Array<() => Promise<unknown>>) => {
      const gates = states.map(() => new EventEmitter())
      for (const gate of gates.toReversed()) proxy.inject({ kind: 'hold', until: once(gate, 'open') }, { method: 'GET', times: 1 })
      let arrival = proxy.arrival('GET')
      const answer = ask(downloadPath(objectKey), { headers })
      for (const [index, makeState] of states.entries()) {
        await arrival
        arrival = proxy.arrival('GET')
        await makeState()
        gates[index]?.emit('open')
      }
      return await answer
    }

    t.test('a file that is replaced before its part is read gives the part of the new file', async (t) => {
      const objectKey = await putFile('a'.repeat(100))
      const replace = () => putFile('b'.repeat(50), { objectKey })
      const answer = await askWhile(objectKey, { range: 'bytes=40-' }, [replace])
      t.match(answer, { status: 206, headers: { 'content-range': 'bytes 40-49/50', 'content-length': '10' } })
      t.equal(answer.body.toString(), 'b'.repeat(10))
      t.equal(answer.headers.etag, (await ask(downloadPath(objectKey))).headers.etag)
    })

    t.test('a file that is replaced before it is read whole is not mixed either', async (t) => {
      const objectKey = await putFile('a'.repeat(100))
      const answer = await askWhile(objectKey, { 'if-none-match': '"other"' }, [() => putFile('b'.repeat(50), { objectKey })])
      t.match(answer, { status: 200, headers: { 'content-length': '50' }, body: Buffer.from('b'.repeat(50)) })
    })

    t.test('a file that is replaced by one too short for the part has no such part', async (t) => {
      const objectKey = await putFile('a'.repeat(100))
      const answer = await askWhile(objectKey, { range: 'bytes=40-' }, [() => putFile('b'.repeat(5), { objectKey })])
      t.match(answer, { status: 416, headers: { 'content-range': 'bytes */5' } })
    })

    t.test('a part of the file that the client knows is not given of another', async (t) => {
      const objectKey = await putFile('a'.repeat(100))
      const { headers: { etag = '' } } = await ask(downloadPath(objectKey))
      const replace = () => putFile('b'.repeat(50), { objectKey })
      const answer = await askWhile(objectKey, { range: 'bytes=40-', 'if-range': String(etag) }, [replace])
      t.match(answer, { status: 200, headers: { 'content-length': '50' }, body: Buffer.from('b'.repeat(50)) })
      const refused = await askWhile(objectKey, { range: 'bytes=40-', 'if-match': String(answer.headers.etag) }, [
        () => putFile('c', { objectKey }),
      ])
      t.equal(refused.status, 412)
    })

    t.test('a file that is removed before its part is read is missing', async (t) => {
      const objectKey = await putFile('a'.repeat(100))
      const answer = await askWhile(objectKey, { range: 'bytes=40-' }, [
        () => service.app.minio.removeObject(service.app.storeTarget.bucket, objectKey),
      ])
      t.equal(answer.status, 404)
    })

    t.test('a file that is replaced again and again makes the client come later', async (t) => {
      const objectKey = await putFile('a'.repeat(100))
      const answer = await askWhile(objectKey, { range: 'bytes=40-', 'if-none-match': '"other"' }, [
        () => putFile('b'.repeat(100), { objectKey }), () => putFile('c'.repeat(100), { objectKey }),
      ])
      t.match(answer, { status: 503, headers: { 'retry-after': '1' } })
      t.match(json(answer), { code: 'STORE_UNAVAILABLE' })
    })
  })
}
