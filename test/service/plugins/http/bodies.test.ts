import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { admin, runId, service as platform, startService, workflowId } from '../../../support/service.js'

const api = '/api/v1/objects'
const EVENTS_TOKEN = 'a-token-of-the-object-store'

t.test('bodies', async (t) => {
  const { app, authorise, putFile } = await startService(t, { EVENTS_TOKEN })
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))

  /** Sends a request as given; chunks are sent as such. */
  const send = async (
    method: string, path: string, headers: Record<string, string>, body?: string | Buffer | Array<string | Buffer>,
  ) => await new Promise<{ status: number, code: unknown, message: unknown }>((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers: { ...authorise(admin), ...headers }, agent: false }, (answer) => {
      text(answer).then((content) => {
        const { code, message } = content === '' ? {} : JSON.parse(content)
        resolve({ status: answer.statusCode ?? 0, code, message })
      }, reject)
    }).on('error', reject)
    for (const chunk of Array.isArray(body) ? body : []) outgoing.write(chunk)
    outgoing.end(Array.isArray(body) ? undefined : body)
  })

  const types = [
    'application/json', 'application/json; charset=utf-8', 'application/x-www-form-urlencoded', 'text/plain', 'text/plain;charset=UTF-8',
    'multipart/form-data; boundary=x', 'application/octet-stream', 'application/xml', 'undefined', '',
  ]

  for (const type of types) {
    t.test(`nothing of the type ${type === '' ? 'that is empty' : type} is no body`, async (t) => {
      const headers = { 'content-type': type }
      const remove = async () => `${api}?objectKey=${encodeURIComponent(await putFile('x'))}`
      t.match(await send('DELETE', await remove(), { ...headers, 'content-length': '0' }), { status: 200 })
      t.match(await send('DELETE', await remove(), headers), { status: 200 }, 'where no length is stated either')
      const started = await send('POST', `${api}/reconcile`, { ...headers, 'content-length': '0' })
      t.ok([202, 409].includes(started.status), 'a reconcile starts, or runs already')
      t.match(await send('POST', `${api}/links`, { ...headers, 'content-length': '0' }), { status: 400, message: 'body must be object.' })
      t.match(await send('POST', `${api}/events`, { ...headers, authorization: `Bearer ${EVENTS_TOKEN}`, 'content-length': '0' }),
        { status: 422, code: 'EVENTS_NOT_UNDERSTOOD' })
    })
  }

  t.test('an empty file is uploaded with the type that its URL is signed for', async (t) => {
    const payload = { workflowId, runId, direction: 'outputs', fileName: 'empty', contentType: 'text/csv', sizeBytes: 0 }
    const minted = (await app.inject({ method: 'POST', url: `${api}/uploads`, headers: authorise(admin), payload })).json()
    const { pathname, search } = new URL(minted.url)
    const put = await fetch(`http://127.0.0.1:${port}${pathname}${search}`, { method: 'PUT', headers: minted.headers, body: '' })
    t.equal(put.status, 200)
    t.equal((await app.objectStorage.head(minted.objectKey))?.contentType, 'text/csv')
  })

  t.test('a chunked body without chunks counts as no body', async (t) => {
    for (const type of types.slice(0, 4)) {
      const path = `${api}?objectKey=${encodeURIComponent(await putFile('x'))}`
      t.match(await send('DELETE', path, { 'content-type': type, 'transfer-encoding': 'chunked' }, []), { status: 200 }, type)
    }
  })

  t.test('a body that is not JSON is refused for its type, wherever JSON is expected', async (t) => {
    const upload = JSON.stringify({ workflowId, runId, direction: 'outputs', fileName: 'a', contentType: 'a/b' })
    for (const [method, path] of [
      ['POST', `${api}/uploads`], ['POST', `${api}/links`], ['PUT', `${api}/workflows/${workflowId}`], ['POST', `${api}/reconcile`],
      ['PUT', `${api}/quota`], ['DELETE', `${api}?objectKey=x`],
    ] as const) {
      const { authorization } = authorise(path.endsWith('/quota') ? platform : admin)
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml', 'text/json']) {
        const headers = { authorization, 'content-type': type }
        const length = { 'content-length': String(upload.length) }
        t.match(await send(method, path, { ...headers, ...length }, upload), { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' }, `${method} ${path}, ${type}`)
        t.match(await send(method, path, { ...headers, 'transfer-encoding': 'chunked' }, ['', upload, upload]), { status: 415 }, 'in chunks')
      }
    }
  })

  t.test('without a route, the body does not matter', async (t) => {
    for (const type of [...types.slice(0, -2), 'image/png']) {
      const headers = { 'content-type': type, 'content-length': '5' }
      t.match(await send('POST', `${api}/nowhere`, headers, '{"a":'), { status: 404, code: 'ROUTE_NOT_FOUND' }, type)
      t.match(await send('PUT', '/', { 'content-type': type, 'transfer-encoding': 'chunked' }, ['\xff']), { status: 404 }, type)
    }
  })

  t.test('a file that is sent where JSON is expected is refused for its type, however big it is', async (t) => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x', 'transfer-encoding': 'chunked' }
    t.match(await send('POST', `${api}/uploads`, headers, [Buffer.alloc(65_536)]), { status: 415 })
    const stated = app.inject({
      method: 'POST', url: `${api}/uploads`, headers: { ...authorise(admin), 'content-type': 'image/png' }, payload: Buffer.alloc(3 * 1024 ** 2),
    })
    t.equal((await stated).statusCode, 415)
  })

  const nameWorkflow = (name: string | Buffer, type = 'application/json') => send('PUT', `${api}/workflows/${workflowId}`, { 'content-type': type },
    Buffer.concat([Buffer.from('{"name":"'), Buffer.from(name), Buffer.from('"}')]))

  t.test('JSON that is not UTF-8 is refused, rather than stored as something else', async (t) => {
    for (const bytes of [Buffer.from('caf\xe9', 'latin1'), Buffer.from([0xff]), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0xc0, 0xaf]), Buffer.from([0xf0, 0x9f])]) {
      t.match(await nameWorkflow(bytes), { status: 400, code: 'INVALID_REQUEST', message: 'The body is not UTF-8.' })
    }
    t.match(await nameWorkflow('caf\u00e9'), { status: 200 })
    t.match(await nameWorkflow('caf\u00e9', 'application/json; charset=iso-8859-1'), { status: 200 }, 'JSON has no other encoding (RFC 8259, 11)')
    t.match(await nameWorkflow('\ufffd'), { status: 200 }, 'which someone may really have written')
  })

  t.test('a notification that is not UTF-8 is not understood', async (t) => {
    const headers = { authorization: `Bearer ${EVENTS_TOKEN}`, 'content-type': 'application/json' }
    t.match(await send('POST', `${api}/events`, headers, Buffer.from('{"Records":[],"x":"\xe9"}', 'latin1')), { status: 422 })
    t.match(await send('POST', `${api}/events`, headers, '{"Records":[],"x":"\u00e9"}'), { status: 200 })
  })

  t.test('half a surrogate pair cannot be part of a name', async (t) => {
    for (const name of ['\\ud800', 'a\\udfffb', '\\udc00\\ud800', '\\uD83D']) {
      t.match(await nameWorkflow(name), { status: 400, code: 'INVALID_REQUEST' }, name)
      const upload = `{"workflowId":"${workflowId}","runId":"${runId}","direction":"outputs","fileName":"${name}","contentType":"a/b"}`
      t.match(await send('POST', `${api}/uploads`, { 'content-type': 'application/json' }, upload), { status: 400 }, name)
    }
    t.match(await nameWorkflow('\\ud83d\\ude00'), { status: 200 }, 'a pair is a character')
  })
})

t.test('an address of the API may end with a slash', async (t) => {
  const { app, authorise, follow, putFile, downloadPath } = await startService(t, { EVENTS_TOKEN })
  const status = async (method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE', url: string, headers = authorise(admin), payload?: object) =>
    (await app.inject({ method, url, headers, ...payload === undefined ? {} : { payload } })).statusCode

  for (const slash of ['', '/']) {
    t.equal(await status('POST', `${api}/events${slash}`, { authorization: `Bearer ${EVENTS_TOKEN}` }, { Records: [] }), 200)
    t.equal(await status('GET', `${api}/storage-usage${slash}?createdBy=${admin.userId}`), 200)
    t.equal(await status('GET', `${api}/storage-usage/history${slash}`), 200)
    t.equal(await status('GET', `${api}${slash}?workflowId=${workflowId}&runId=${runId}`), 200)
    t.equal(await status('DELETE', `${api}${slash}?objectKey=x`), 404)
    t.equal(await status('PUT', `${api}/workflows/${workflowId}${slash}`, authorise(admin), { name: 'x' }), 200)
    for (const method of ['GET', 'HEAD'] as const) t.equal(await status(method, `${api}/download${slash}?objectKey=x`), 404)
  }
  t.equal(await status('POST', `${api}/events//`), 404)
  const path = downloadPath(await putFile('a file'))
  for (const url of [path, path.replace('?', '/?'), `${path}&back=/`, `${path}&back=/?`]) {
    const { headers: { location } } = await app.inject(url)
    t.equal(await (await follow(new URL(String(location), `http://localhost:80${url}`).href)).text(), 'a file', 'a relative redirect leads to the file')
  }
  t.equal(await status('GET', '/metrics/'), 404, 'what a proxy keeps inside has one address')
})
