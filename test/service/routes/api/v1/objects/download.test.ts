import { parse } from 'content-disposition'
import { EventEmitter, once } from 'node:events'
import t from 'tap'
import { type Answer, json, startDownloadService, steadyHeaders } from '../../../../../support/download-service.js'
import { stopClock } from '../../../../../support/clock.js'
import { dispositions, member } from '../../../../../support/service.js'
import { storeKinds } from '../../../../../support/stores.js'

const TTL_MS = 300_000
const WINDOW_MS = TTL_MS / 2
const foreignKeys = ['report.pdf', '../../etc/passwd', 'acme/workflows/x/report.pdf', '%2e%2e', 'https://elsewhere.example/']
const capabilityHeaders = { 'referrer-policy': 'no-referrer', 'x-robots-tag': 'noindex', 'x-content-type-options': 'nosniff' }

function locationOf ({ headers: { location } }: Answer): string {
  return typeof location === 'string' ? location : ''
}

/** A time in a signature's format, the given number of seconds later. */
function laterBy (timestamp: string | null, seconds: string | null): string {
  const iso = (timestamp ?? '').replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  return new Date(Date.parse(iso) + Number(seconds) * 1000).toISOString().replaceAll(/[-:]|\.000/g, '')
}

for (const kind of storeKinds) {
  t.test(`downloads by redirect from the ${kind.name}`, { skip: kind.skip }, async (t) => {
    const service = await startDownloadService(t, kind)
    const { ask, proxy, putFile, downloadPath } = service
    const removeFile = (objectKey: string) => service.app.minio.removeObject(service.app.storeTarget.bucket, objectKey)
    const objectKey = await putFile('hello, world\n', { fileName: 'Übersicht 2024.txt', contentType: 'text/plain; charset=utf-8' })
    const missingKey = objectKey.replace(/[^/]+$/, 'missing.txt')

    t.test('a file is redirected to, and its URL gives the bytes under the name and type pinned', async (t) => {
      const answer = await ask(downloadPath(objectKey))
      t.match(answer, { status: 302, headers: { ...capabilityHeaders, 'content-length': '0', vary: 'accept' } })
      t.equal(answer.body.length, 0)
      t.ok(locationOf(answer).startsWith(service.store.endpoint))
      const file = await ask(locationOf(answer))
      t.match(file, { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' } })
      t.equal(file.body.toString(), 'hello, world\n')
      const disposition = String(file.headers['content-disposition'])
      t.match(parse(disposition), { type: 'attachment', parameters: { filename: 'Übersicht 2024.txt' } })
      t.equal(parse(disposition, { extended: false }).parameters.filename, 'Ubersicht 2024.txt')
    })

    t.test('a file with a plain name carries it in both forms, behind the redirect as well', async (t) => {
      const plain = await putFile('x', { fileName: 'plain.txt' })
      const { headers } = await ask(locationOf(await ask(downloadPath(plain))))
      t.equal(headers['content-disposition'], "attachment; filename=plain.txt; filename*=UTF-8''plain.txt")
    })

    t.test('what the URL pins cannot be changed', async (t) => {
      const location = locationOf(await ask(downloadPath(objectKey)))
      t.match(await ask(location.replace('attachment', 'inline')), { status: 403 })
      t.match(await ask(location.replace('text%2Fplain', 'text%2Fhtml')), { status: 403 })
    })

    t.test('no answer sets a cookie or names the software', async (t) => {
      for (const path of [downloadPath(objectKey), downloadPath(missingKey), downloadPath(''), '/']) {
        const { headers } = await ask(path)
        t.notOk('set-cookie' in headers || 'server' in headers || 'x-powered-by' in headers)
      }
    })

    t.test('the URL is the same within a window of half the TTL and another after it, and the redirect is asked for each time', async (t) => {
      const objectKey = await putFile('x')
      let now = Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS + 1000
      const restore = t.intercept(Date, 'now', { value: () => now })
      const first = await ask(downloadPath(objectKey))
      t.match(first, { headers: { 'cache-control': 'private, no-cache', etag: undefined, 'last-modified': undefined } })
      now += WINDOW_MS - 2000
      const last = await ask(downloadPath(objectKey))
      t.equal(locationOf(last), locationOf(first))
      now += 1000
      const next = await ask(downloadPath(objectKey))
      t.not(locationOf(next), locationOf(first))
      restore.restore()
      t.match(await ask(locationOf(first)), { status: 200 })
    })

    t.test('a client that asks for JSON gets the URL as that', async (t) => {
      const asked = await ask(`${downloadPath(objectKey)}&as=json`, { headers: { accept: 'text/html' } })
      t.match(asked, { status: 200, headers: { 'content-type': /^application\/json/, 'cache-control': 'private, no-store', vary: 'accept' } })
      t.match(json(asked), { fileName: 'Übersicht 2024.txt', bytes: 13 })
    })

    t.test('a client that names application/json gets the URL as JSON', async (t) => {
      const answer = await ask(downloadPath(objectKey), { headers: { accept: 'application/json' } })
      t.match(answer, {
        status: 200,
        headers: { ...capabilityHeaders, 'content-type': /^application\/json/, 'cache-control': 'private, no-store', vary: 'accept' },
      })
      const body = json(answer)
      t.match(body, {
        fileName: 'Übersicht 2024.txt',
        path: 'Übersicht 2024.txt',
        bytes: 13,
        contentType: 'text/plain; charset=utf-8',
        etag: /^"[^"]+"$/,
        expiresAt: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
      })
      t.match(Object.keys(Object(body)).sort(), ['bytes', 'contentType', 'etag', 'expiresAt', 'fileName', 'path', 'url'])
      const { url, expiresAt } = Object(body)
      const file = await ask(String(url))
      t.equal(file.body.toString(), 'hello, world\n')
      t.equal(file.headers.etag, Object(body).etag)
      const { searchParams } = new URL(String(url))
      t.equal(String(expiresAt).replaceAll(/[-:]|\.000/g, ''), laterBy(searchParams.get('X-Amz-Date'), searchParams.get('X-Amz-Expires')))
      const remainingMs = Date.parse(String(expiresAt)) - Date.now()
      t.ok(remainingMs > 0 && remainingMs <= TTL_MS)
    })

    t.test('each type has links of its own, whichever was asked for first, in whatever way and window', async (t) => {
      const pinned = (url: string) => /^\w+/.exec(new URL(url).searchParams.get('response-content-disposition') ?? '')?.[0]
      const ways: Record<string, (objectKey: string, type: 'attachment' | 'inline') => Promise<string>> = {
        redirect: async (objectKey, type) => locationOf(await ask(downloadPath(objectKey, type))),
        json: async (objectKey, type) =>
          String(Object(json(await ask(downloadPath(objectKey, type), { headers: { accept: 'application/json' } }))).url),
        links: async (objectKey, type) => {
          const answer = await service.app.inject({ method: 'POST', url: '/api/v1/objects/links', payload: { objectKeys: [objectKey], type } })
          return answer.json().results[0].link.url
        },
      }
      const elapse = stopClock(t, Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS)
      for (const first of dispositions) {
        const [one, other] = [await putFile('one', { fileName: 'one.txt' }), await putFile('other', { fileName: 'other.txt' })]
        const types = [first, ...dispositions.filter((type) => type !== first)]
        const windows = []
        for (const elapsedMs of [1000, WINDOW_MS - 1, WINDOW_MS, 2 * WINDOW_MS - 1]) {
          elapse(elapsedMs)
          const urls = new Set<string>()
          for (const type of types) {
            for (const [way, linkOf] of Object.entries(ways)) {
              for (const objectKey of [one, other]) {
                const url = await linkOf(objectKey, type)
                urls.add(url)
                t.equal(pinned(url), type, `${type} by ${way}`)
                t.equal(decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? ''), objectKey === one ? 'one.txt' : 'other.txt')
              }
            }
          }
          t.equal(urls.size, 4, 'two files of two types have four URLs, however they are asked for')
          windows.push([...urls].sort().join())
        }
        t.equal(windows[1], windows[0])
        t.not(windows[2], windows[1])
        t.equal(windows[3], windows[2])
      }
    })

    t.test('a client that takes anything is redirected', async (t) => {
      for (const accept of ['*/*', 'application/*', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8', 'application/json, text/plain, */*']) {
        t.match(await ask(downloadPath(objectKey), { headers: { accept } }), { status: 302 })
      }
    })

    t.test('HEAD describes the file and never redirects', async (t) => {
      for (const accept of ['*/*', 'application/json']) {
        const answer = await ask(downloadPath(objectKey), { method: 'HEAD', headers: { accept } })
        t.match(answer, {
          status: 200,
          headers: {
            ...capabilityHeaders,
            'content-length': '13',
            'content-type': 'text/plain; charset=utf-8',
            etag: /^"[^"]+"$/,
            'last-modified': / GMT$/,
            'accept-ranges': 'bytes',
            'content-disposition': /^attachment; filename="Ubersicht 2024.txt"; filename\*=UTF-8''%C3%9Cbersicht%202024.txt$/,
          },
        })
        t.notOk('location' in answer.headers)
      }
    })

    t.test('preconditions do not touch a redirect', async (t) => {
      t.match(await ask(downloadPath(objectKey), { headers: { 'if-none-match': '*' } }), { status: 302 })
      t.match(await ask(downloadPath(objectKey), { headers: { 'if-match': '"other"', range: 'bytes=900-' } }), { status: 302 })
    })

    t.test('JSON is given as preconditions on the file require', async (t) => {
      const objectKey = await putFile('first')
      const asJson = (headers: Record<string, string>) => ask(downloadPath(objectKey), { headers: { accept: 'application/json', ...headers } })
      const { etag } = Object(json(await asJson({})))
      const lastModified = String((await ask(downloadPath(objectKey), { method: 'HEAD' })).headers['last-modified'])
      const longAgo = 'Sun, 06 Nov 1994 08:49:37 GMT'
      for (const headers of [{ 'if-match': etag }, { 'if-none-match': '"other"' }, { 'if-unmodified-since': lastModified }, { 'if-modified-since': longAgo }]) {
        const answer = await asJson(headers)
        t.equal(answer.status, 200)
        t.match(json(answer), { bytes: 5, etag })
      }
      for (const headers of [{ 'if-none-match': etag }, { 'if-none-match': '*' }, { 'if-modified-since': lastModified }]) {
        t.match(await asJson(headers), { status: 304, body: Buffer.alloc(0), headers: { 'cache-control': 'private, no-store', vary: 'accept' } })
      }
      for (const headers of [{ 'if-match': '"other"' }, { 'if-unmodified-since': longAgo }]) {
        const answer = await asJson(headers)
        t.equal(answer.status, 412)
        t.match(json(answer), { code: 'PRECONDITION_FAILED' })
      }
      await putFile('second!', { objectKey })
      t.equal((await asJson({ 'if-match': etag })).status, 412, 'also just after the file was replaced')
      t.match(json(await asJson({ 'if-none-match': etag })), { bytes: 7 })
      await removeFile(objectKey)
      t.equal((await asJson({ 'if-match': '*' })).status, 404)
    })

    t.test('what chats and mailings append to a link changes nothing', async (t) => {
      const { headers: { location } } = await ask(downloadPath(objectKey))
      const key = `objectKey=${encodeURIComponent(objectKey)}`
      for (const query of [
        `${key}&fbclid=IwAR0x&utm_source=mail&utm_medium=e-mail`, `fbclid=1&${key}`, `${key}&objectkey=x&OBJECTKEY=y`, `${key}&`, `&&${key}&&`,
        `${key}&utm_campaign=%FCbersicht&x=50%off`, `${key}&response-content-type=text%2Fhtml`, `${key}&amp;type=inline`, `${key}&__proto__=1&a[]=1&a[]=2`,
        `${key}&gclid=${'x'.repeat(2000)}`,
      ]) {
        t.match(await ask(`/api/v1/objects/download?${query}`), { status: 302, headers: { location } }, query)
        t.match(await ask(`/api/v1/objects/download?${query}`, { method: 'HEAD' }), { status: 200 }, query)
      }
    })

    const malformed: Record<string, string> = {
      'without an object key': '',
      'with an empty object key': '?objectKey=',
      'with two object keys': `?objectKey=${encodeURIComponent(objectKey)}&objectKey=${encodeURIComponent(objectKey)}`,
      'with an object key of more than 1,024 bytes': `?objectKey=${'x'.repeat(1025)}`,
      'with an object key of fewer characters, but more bytes': `?objectKey=${encodeURIComponent('é'.repeat(513))}`,
      'with a NUL': `?objectKey=${encodeURIComponent(objectKey)}%00`,
      'with a broken percent sequence': '?objectKey=%zz',
      'with bytes that are no UTF-8': '?objectKey=%ff%fe',
      'with a surrogate in UTF-8': '?objectKey=%ed%a0%80',
      'with another type': `?objectKey=${encodeURIComponent(objectKey)}&type=preview`,
      'with an empty type': `?objectKey=${encodeURIComponent(objectKey)}&type=`,
      'with two types': `?objectKey=${encodeURIComponent(objectKey)}&type=inline&type=attachment`,
      'with two object keys in one that is decorated': `?objectKey=${encodeURIComponent(objectKey)}&fbclid=1&objectKey=x`,
      'as something else': `?objectKey=${encodeURIComponent(objectKey)}&as=xml`,
      'as nothing': `?objectKey=${encodeURIComponent(objectKey)}&as=`,
      'as JSON twice': `?objectKey=${encodeURIComponent(objectKey)}&as=json&as=json`,
    }
    for (const [how, query] of Object.entries(malformed)) {
      t.test(`a request ${how} is malformed`, async (t) => {
        const answer = await ask(`/api/v1/objects/download${query}`)
        t.match(answer, { status: 400, headers: { ...capabilityHeaders, 'cache-control': 'no-store' } })
        t.match(json(answer), { statusCode: 400, code: 'INVALID_REQUEST', error: 'Bad Request', message: String })
        t.notOk(answer.body.includes('acme'), 'the key is not repeated')
        t.match(await ask(`/api/v1/objects/download${query}`, { method: 'HEAD' }), { status: 400, body: Buffer.alloc(0) })
      })
    }

    t.test('an object key of 1,024 bytes is not malformed', async (t) => {
      t.match(await ask(`/api/v1/objects/download?objectKey=${'x'.repeat(1024)}`), { status: 404 })
    })

    t.test('a key of another form and a missing file get the same answer, and only the missing one is asked for', async (t) => {
      const expected = { statusCode: 404, code: 'OBJECT_NOT_FOUND', error: 'Not Found', message: 'There is no file with this object key.' }
      const missing = await ask(downloadPath(missingKey))
      t.match(missing, { status: 404, headers: { ...capabilityHeaders, 'cache-control': 'no-store' } })
      t.same(json(missing), expected)
      proxy.forgetRequests()
      for (const foreign of [...foreignKeys, `${objectKey}/`, `${objectKey}/..`, objectKey.toUpperCase(), objectKey.replace(/[^/]+$/, '..')]) {
        const answer = await ask(downloadPath(foreign))
        t.equal(answer.status, 404)
        t.same(answer.body, missing.body)
        t.same(steadyHeaders(answer), steadyHeaders(missing))
        t.match(await ask(downloadPath(foreign), { method: 'HEAD' }), { status: 404, body: Buffer.alloc(0) })
      }
      t.equal(proxy.requests.length, 0)
    })

    t.test('an Authorization header changes nothing', async (t) => {
      const { headers } = await ask(downloadPath(objectKey))
      for (const authorization of ['Bearer nonsense', 'Basic YTpi', '']) {
        const answer = await ask(downloadPath(objectKey), { headers: { authorization } })
        t.match(answer, { status: 302, headers: { location: headers.location } })
      }
    })

    t.test('the database is down all the while', async (t) => {
      const { authorization } = service.authorise(member)
      t.match(await ask('/api/v1/objects/storage-usage', { headers: { authorization } }), { status: 503 })
      t.match(await ask(downloadPath(objectKey)), { status: 302 })
    })

    t.test('a file that was found is not asked for again, a missing one is', async (t) => {
      const fresh = await putFile('x')
      proxy.forgetRequests()
      for (const type of ['attachment', 'inline'] as const) t.match(await ask(downloadPath(fresh, type)), { status: 302 })
      t.equal(proxy.count('HEAD'), 1)
      proxy.forgetRequests()
      for (const type of ['attachment', 'inline'] as const) t.match(await ask(downloadPath(missingKey, type)), { status: 404 })
      t.equal(proxy.count('HEAD'), 2)
      t.equal(proxy.count(), 2)
    })

    t.test('requests for one file at a time ask for it once', async (t) => {
      const fresh = await putFile('x')
      proxy.forgetRequests()
      const gate = new EventEmitter()
      proxy.inject({ kind: 'hold', until: once(gate, 'open') }, { times: 20 })
      let incoming = 0
      const allCame = service.nextLine(({ msg }) => msg === 'incoming request' && ++incoming === 20)
      const answers = Promise.all(Array.from({ length: 20 }, () => ask(downloadPath(fresh))))
      await allCame
      gate.emit('open')
      t.same(new Set((await answers).map(({ status }) => status)), new Set([302]))
      t.equal(proxy.count(), 1)
      proxy.heal()
    })

    t.test('a file that appears is served at once', async (t) => {
      const fresh = await putFile('x')
      await removeFile(fresh)
      t.match(await ask(downloadPath(fresh)), { status: 404 })
      await putFile('x', { objectKey: fresh })
      t.match(await ask(downloadPath(fresh)), { status: 302 })
    })

    t.test('with EXISTENCE_TTL=1 a deleted file continues to be served only for a moment', async (t) => {
      const service = await startDownloadService(t, kind, { EXISTENCE_TTL: '1' })
      const { bucket } = service.app.storeTarget
      const objectKey = await service.putFile('x')
      await service.ask(service.downloadPath(objectKey))
      await service.app.minio.removeObject(bucket, objectKey)
      let answer: Answer
      do answer = await service.ask(service.downloadPath(objectKey))
      while (answer.status === 302)
      t.equal(answer.status, 404)
    })

    t.test('with EXISTENCE_TTL=0 storage is asked each time', async (t) => {
      const service = await startDownloadService(t, kind, { EXISTENCE_TTL: '0' })
      const objectKey = await service.putFile('x')
      service.proxy.forgetRequests()
      for (const type of ['attachment', 'inline'] as const) {
        t.match(await service.ask(service.downloadPath(objectKey, type)), { status: 302 })
      }
      t.equal(service.proxy.count('HEAD'), 2)
      await service.app.minio.removeObject(service.app.storeTarget.bucket, objectKey)
      t.match(await service.ask(service.downloadPath(objectKey)), { status: 404 })
    })
  })
}
