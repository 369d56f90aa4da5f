import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { type Server, createServer, request as httpRequest } from 'node:http'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { createEmbeddedDirectory } from '../../support/embedded-template.js'
import { forwardPort } from '../../support/forwarded-port.js'
import { member, runId, startService, workflowId } from '../../support/service.js'

const own = Object.values(networkInterfaces()).flat().find((address) => address?.family === 'IPv4' && !address.internal)?.address
const upload = { workflowId, runId, direction: 'outputs', fileName: 'Übersicht 2026 +100%.txt', contentType: 'text/plain' }

function portOf ({ server }: { server: Server }): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The service has no port.')
  return address.port
}

/** Uploads a file at an address of the service, and downloads it there, by redirect and by JSON. */
async function useAt (t: Test, origin: string, headers: Record<string, string>, expectedOrigin = origin): Promise<string> {
  const minted = await fetch(`${origin}/api/v1/objects/uploads`, {
    method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(upload),
  })
  t.equal(minted.status, 201)
  const { url, headers: toSend, downloadUrl } = JSON.parse(await minted.text())
  t.equal(new URL(url).origin, expectedOrigin)
  t.equal(new URL(downloadUrl).origin, expectedOrigin)
  const here = (link: string) => link.replace(expectedOrigin, origin)
  t.equal((await fetch(here(url), { method: 'PUT', headers: toSend, body: 'hello' })).status, 200)

  const file = await fetch(here(downloadUrl))
  t.ok(file.redirected)
  t.equal(new URL(file.url).origin, origin, 'the redirect leads to where it came from')
  t.equal(await file.text(), 'hello')
  const json = JSON.parse(await (await fetch(here(downloadUrl), { headers: { ...headers, accept: 'application/json' } })).text())
  t.equal(new URL(json.url).origin, expectedOrigin)
  t.equal(await (await fetch(here(json.url))).text(), 'hello')
  return here(json.url)
}

/** Sends a request that fetch could not: with any Host header, and with Expect. */
async function sendRaw (url: string, options: { method?: string, headers?: Record<string, string>, body?: string }) {
  const request = httpRequest(url, { method: options.method ?? 'GET', headers: options.headers ?? {} })
  let continues = 0
  request.on('continue', () => { continues++ })
  request.end(options.body)
  const [response] = await once(request, 'response')
  return { status: response.statusCode, headers: response.headers, body: (await buffer(response)).toString(), continues }
}

t.test('one port of the service leads to the embedded store', async (t) => {
  const { app, authorise, log } = await startService(t, { TRUST_PROXY: 'loopback' })
  await app.listen({ host: '0.0.0.0', port: 0 })
  const port = portOf(app)
  const headers = authorise(member)

  t.test('at this machine', async (t) => {
    await useAt(t, `http://127.0.0.1:${port}`, headers)
    await useAt(t, `http://localhost:${port}`, headers)
  })

  t.test('at another address of the machine', { skip: own === undefined && 'this machine has no other' }, async (t) => {
    await useAt(t, `http://${own}:${port}`, headers)
  })

  t.test('at a forwarded port', async (t) => {
    await useAt(t, `http://127.0.0.1:${await forwardPort(t, port)}`, headers)
  })

  t.test('behind a proxy that says how it was reached', async (t) => {
    const forwarded = { ...headers, 'x-forwarded-host': 'files.example.com', 'x-forwarded-proto': 'https' }
    await useAt(t, `http://127.0.0.1:${port}`, forwarded, 'https://files.example.com')
  })

  t.test('behind a proxy with a prefix and a Host header of its own, a redirect still holds', async (t) => {
    const objectKey = await upload5(headers)
    const proxy = createServer((incoming, outgoing) => {
      const path = (incoming.url ?? '').replace(/^\/files/, '')
      httpRequest({ port, path, headers: { host: 'inside:1' } }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(outgoing)
      }).end()
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    t.teardown(() => { proxy.close() })
    const file = await fetch(`http://127.0.0.1:${portOf({ server: proxy })}/files/api/v1/objects/download?objectKey=${encodeURIComponent(objectKey)}`)
    t.match(new URL(file.url).pathname, /^\/files\/store\//)
    t.equal(await file.text(), 'hello')
  })

  /** Uploads a file of five bytes to its URL. */
  async function upload5 (authorization: Record<string, string>, contentType = 'text/plain') {
    const { url, headers: toSend, objectKey } = (await app.inject({
      method: 'POST', url: '/api/v1/objects/uploads', headers: authorization, payload: { ...upload, contentType },
    })).json()
    const { pathname, search } = new URL(url)
    t.equal((await fetch(`http://127.0.0.1:${port}${pathname}${search}`, { method: 'PUT', headers: toSend, body: 'hello' })).status, 200)
    return String(objectKey)
  }
  const presigned = (method: 'GET' | 'HEAD' | 'PUT', objectKey: string, query = {}) =>
    `http://127.0.0.1:${port}${app.presign({ method, objectKey, query, signedAt: new Date(), expiresInSeconds: 60 })}`

  t.test('ranges, preconditions and HEAD work as at any store', async (t) => {
    const objectKey = await upload5(headers)
    const url = presigned('GET', objectKey)
    const part = await fetch(url, { headers: { range: 'bytes=1-2' } })
    t.strictSame([part.status, part.headers.get('content-range'), await part.text()], [206, 'bytes 1-2/5', 'el'])
    const etag = part.headers.get('etag') ?? ''
    t.equal((await fetch(url, { headers: { 'if-none-match': etag } })).status, 304)
    t.equal((await fetch(url, { headers: { range: 'bytes=9-' } })).status, 416)
    const described = await fetch(presigned('HEAD', objectKey), { method: 'HEAD' })
    t.strictSame([described.status, described.headers.get('content-length')], [200, '5'])
    t.equal((await fetch(url, { method: 'DELETE' })).status, 404, 'nothing else is let in')
    t.equal((await fetch(url, { method: 'POST' })).status, 404)
  })

  t.test('what is signed cannot be changed, and what is not signed is refused', async (t) => {
    const objectKey = await upload5(headers)
    const url = presigned('GET', objectKey, { 'response-content-type': 'text/plain' })
    t.equal((await fetch(url.replace('text%2Fplain', 'text%2Fhtml'))).status, 403)
    t.equal((await fetch(new URL(new URL(url).pathname, url))).status, 403)
    t.equal((await fetch(url.replace('/store/objects/', '/store/others/'))).status, 403)
    t.equal((await fetch(presigned('PUT', objectKey), { method: 'GET' })).status, 403)
  })

  t.test('a client that sends the service\'s token along is served, as are other hosts and an Expect', async (t) => {
    const objectKey = await upload5(headers)
    t.equal((await fetch(presigned('GET', objectKey), { headers })).status, 200)
    t.match(await sendRaw(presigned('GET', objectKey), { headers: { host: 'anything.example:8' } }), { status: 200, body: 'hello' })
    const put = await sendRaw(presigned('PUT', objectKey), {
      method: 'PUT', headers: { expect: '100-continue', 'content-length': '5', 'content-type': 'not a type' }, body: 'HELLO',
    })
    t.match(put, { status: 200, continues: 1 })
  })

  t.test('pages of any origin may use it', async (t) => {
    const preflight = await fetch(presigned('PUT', await upload5(headers)), {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example.com', 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type' },
    })
    t.equal(preflight.status, 204)
    t.match(preflight.headers.get('access-control-allow-methods'), /PUT/)
  })

  t.test('every answer is sandboxed, and has the request\'s id', async (t) => {
    const objectKey = await upload5(headers)
    const answers = [
      await fetch(presigned('GET', objectKey, { 'response-content-type': 'text/html' })),
      await fetch(presigned('GET', objectKey)),
      await fetch(presigned('GET', objectKey, { 'response-content-type': 'image/png' })),
      await fetch(presigned('PUT', objectKey), { method: 'PUT', body: 'hello' }),
      await fetch(presigned('GET', `${objectKey}x`)),
      await fetch(`http://127.0.0.1:${port}/store/`),
    ]
    for (const { headers } of answers) {
      t.match(headers.get('content-security-policy'), /^sandbox(;|$)(?!.*allow-)/)
      t.match(Object.fromEntries(headers), {
        'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'same-site', 'referrer-policy': 'no-referrer', 'x-request-id': /./,
      })
    }
  })

  t.test('no page gets a script, a style or a worker from it', async (t) => {
    const url = presigned('GET', await upload5(headers), { 'response-content-type': 'text/javascript' })
    for (const destination of ['script', 'style', 'worker', 'sharedworker', 'serviceworker', 'manifest']) {
      t.equal((await fetch(url, { headers: { 'sec-fetch-dest': destination } })).status, 403, destination)
    }
    for (const destination of ['document', 'image', 'video', 'empty']) {
      t.equal((await fetch(url, { headers: { 'sec-fetch-dest': destination } })).status, 200, destination)
    }
  })

  t.test('keys and signatures are not logged', async (t) => {
    const objectKey = await upload5(headers)
    const url = presigned('GET', objectKey)
    await (await fetch(url)).text()
    const text = log.join('')
    t.match(text, '"route":"/store/*"')
    for (const secret of [objectKey, encodeURIComponent(objectKey), new URL(url).searchParams.get('X-Amz-Signature') ?? '', app.storeTarget.credentials.current.secretKey]) {
      t.notOk(text.includes(secret))
    }
  })
})

t.test('CORS_ORIGINS is for the API: pages of other origins use the store nevertheless', async (t) => {
  const { app } = await startService(t, { CORS_ORIGINS: 'https://app.example.com' })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const url = app.presign({ method: 'PUT', objectKey: 'key', signedAt: new Date(), expiresInSeconds: 60 })
  const preflight = await fetch(origin + url, {
    method: 'OPTIONS', headers: { origin: 'https://other.example.com', 'access-control-request-method': 'PUT' },
  })
  t.strictSame([preflight.status, preflight.headers.get('access-control-allow-origin')], [204, '*'])
})

t.test('PUBLIC_URL is where links lead to', async (t) => {
  const { app, authorise } = await startService(t, { PUBLIC_URL: 'https://files.example.com' })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  await useAt(t, origin, authorise(member), 'https://files.example.com')
})

t.test('a link works after a restart, at the service\'s new port, too', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-restart-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  await createEmbeddedDirectory(join(directory, 'database'))
  const first = await startService(t, { DATA_DIR: directory })
  const url = await useAt(t, await first.app.listen({ host: '127.0.0.1', port: 0 }), first.authorise(member))
  await first.app.close()
  const second = await startService(t, { DATA_DIR: directory })
  const origin = await second.app.listen({ host: '127.0.0.1', port: 0 })
  const { pathname, search } = new URL(url)
  t.equal(await (await fetch(origin + pathname + search)).text(), 'hello')
})

t.test('an upload may take longer than other requests, and is cut off only where it stands still', async (t) => {
  const { app } = await startService(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const port = portOf(app)
  // Node.js checks its connections every thirty seconds, and reports late ones to the server by this event.
  const tooLate = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
  const url = app.presign({ method: 'PUT', objectKey: 'slow', signedAt: new Date(), expiresInSeconds: 60 })
  const body = randomBytes(100_000)
  const connected = once(app.server, 'connection')
  const arrived = once(app.server, 'request')
  const request = httpRequest({ port, path: url, method: 'PUT', headers: { 'content-length': body.length } })
  request.write(body.subarray(0, 50_000))
  const [socket] = await connected
  await arrived
  app.server.emit('clientError', tooLate, socket)
  request.end(body.subarray(50_000))
  const [response] = await once(request, 'response')
  t.equal(response.statusCode, 200)
  response.resume()
})

t.test('with its own store, the service has no such path', async (t) => {
  const { app } = await startService(t, { S3_ENDPOINT: 'http://127.0.0.1:1', S3_ACCESS_KEY: 'a', S3_SECRET_KEY: 's' })
  t.equal((await app.inject('/store/objects/key')).statusCode, 404)
})
