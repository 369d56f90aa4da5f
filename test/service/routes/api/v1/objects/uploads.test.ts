import t from 'tap'
import { epochMs } from '../../../../../../db/connection/time.js'
import { parseObjectKey } from '../../../../../../objects/object-key.js'
import { member, runId, service, startService, workflowId } from '../../../../../support/service.js'
import { storeKinds } from '../../../../../support/stores.js'

const wanted = { workflowId, runId, direction: 'outputs', fileName: 'Übersicht 2026 +100%.txt', contentType: 'text/plain; charset=utf-8' }

for (const kind of storeKinds) {
  t.test(`uploads to the ${kind.name}`, { skip: kind.skip }, async (t) => {
    const environment = kind.environment()
    t.teardown(async () => { await kind.remove(environment) })
    const { app, authorise, follow } = await startService(t, environment)
    const mint = async (change: object = {}, caller = member) => await app.inject({
      method: 'POST', url: '/api/v1/objects/uploads', headers: authorise(caller), payload: { ...wanted, ...change },
    })

    t.test('a file put to the minted URL is the file that its link downloads', async (t) => {
      const answer = await mint()
      t.equal(answer.statusCode, 201)
      t.equal(answer.headers['cache-control'], 'no-store')
      const { objectKey, url, headers, downloadUrl, expiresAt } = answer.json()
      t.match(parseObjectKey(objectKey), {
        orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction: 'outputs', path: wanted.fileName,
      })
      t.ok(Date.parse(expiresAt) > Date.now())
      const put = await follow(url, { method: 'PUT', body: 'hello', headers })
      t.equal(put.status, 200)
      const link = new URL(downloadUrl)
      const redirect = await app.inject(link.pathname + link.search)
      t.equal(redirect.statusCode, 302)
      const file = await follow(redirect.headers.location ?? '')
      t.equal(await file.text(), 'hello')
      t.equal(file.headers.get('content-type'), wanted.contentType)
    })

    t.test('two uploads of the same file have different keys', async (t) => {
      t.not((await mint()).json().objectKey, (await mint()).json().objectKey)
    })

    t.test('a file of the stated size is accepted, one of another size is refused, even if by a byte', async (t) => {
      for (const sizeBytes of [0, 1, 5, 1000]) {
        const { url, headers } = (await mint({ sizeBytes }, sizeBytes === 0 ? service : member)).json()
        const put = async (bytes: number) => (await follow(url, { method: 'PUT', body: 'x'.repeat(bytes), headers })).status
        for (const other of [sizeBytes + 1, sizeBytes + 1000, ...sizeBytes === 0 ? [] : [sizeBytes - 1, 0]]) {
          if (other !== sizeBytes) t.equal(await put(other), 403, `${other} bytes for ${sizeBytes}`)
        }
        t.equal(await put(sizeBytes), 200)
      }
    })

    t.test('the URL can be used until the time that the answer names, and its place is kept until then', async (t) => {
      const { objectKey, url, expiresAt } = (await mint({ sizeBytes: 5 })).json()
      const { searchParams } = new URL(url)
      const signedAt = (searchParams.get('X-Amz-Date') ?? '').replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
      const endMs = Date.parse(signedAt) + Number(searchParams.get('X-Amz-Expires')) * 1000
      // A signature is in whole seconds.
      t.ok(Date.parse(expiresAt) >= endMs && Date.parse(expiresAt) < endMs + 1000, `${expiresAt}`)
      const leftMs = endMs - Date.now()
      const { UPLOAD_URL_TTL } = app.config
      t.ok(leftMs <= UPLOAD_URL_TTL * 1000 && leftMs > (UPLOAD_URL_TTL - 60) * 1000)
      const row = await app.database.selectFrom('uploads').where('object_key', '=', objectKey)
        .select([epochMs('expires_at').as('expires_at_ms'), 'size_bytes', 'content_type', 'org_key', 'created_by'])
        .executeTakeFirstOrThrow()
      t.ok(row.expires_at_ms >= BigInt(endMs) && row.expires_at_ms < BigInt(endMs + 60_000))
      t.match(row, { size_bytes: 5n, content_type: wanted.contentType, org_key: member.orgKey, created_by: member.userId })
    })

    t.test('with ifAbsent, of many who put to the URL at once one succeeds, and the header cannot be left out', async (t) => {
      const { objectKey, url, headers } = (await mint({ ifAbsent: true, sizeBytes: 5 })).json()
      t.equal(headers['if-none-match'], '*')
      const { 'if-none-match': _condition, ...others } = headers
      t.equal((await follow(url, { method: 'PUT', body: 'other', headers: others })).status, 403)
      const bodies = Array.from({ length: 8 }, (_, index) => `file${index}`)
      const statuses = await Promise.all(bodies.map(async (body) => (await follow(url, { method: 'PUT', body, headers })).status))
      t.equal(statuses.filter((status) => status === 200).length, 1, statuses.join())
      const winner = bodies[statuses.indexOf(200)]
      t.equal((await follow(url, { method: 'PUT', body: 'again', headers })).status, 412)
      const link = await app.inject({ url: `/api/v1/objects/download?objectKey=${encodeURIComponent(objectKey)}` })
      t.equal(await (await follow(link.headers.location ?? '')).text(), winner)
      t.equal((await mint({ ifAbsent: true, multipart: true, sizeBytes: 5 })).statusCode, 400)
    })

    t.test('a file of another type than the stated one is refused', async (t) => {
      const { url } = (await mint()).json()
      t.equal((await follow(url, { method: 'PUT', body: 'hello', headers: { 'content-type': 'text/html' } })).status, 403)
    })
  })
}

t.test('what is not an upload', async (t) => {
  const { app, authorise } = await startService(t)
  const mint = async (payload: unknown) => await app.inject({
    method: 'POST',
    url: '/api/v1/objects/uploads',
    headers: { ...authorise(member), 'content-type': 'application/json' },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  })
  const refused: Array<[string, unknown]> = [
    ['no body', ''],
    ['malformed JSON', '{'],
    ['an array', []],
    ['no workflow', { ...wanted, workflowId: undefined }],
    ['a run that is not a UUID', { ...wanted, runId: 'x' }],
    ['another direction', { ...wanted, direction: 'both' }],
    ['an unknown field', { ...wanted, orgKey: 'other' }],
    ['a negative size', { ...wanted, sizeBytes: -1 }],
    ['a size in a string', { ...wanted, sizeBytes: '5' }],
    ['a size beyond one PUT', { ...wanted, sizeBytes: 5 * 1024 ** 3 + 1 }],
    ['a content type that is none', { ...wanted, contentType: 'text' }],
    ['a content type with a line break', { ...wanted, contentType: 'text/plain\r\nx: y' }],
    ['an empty file name', { ...wanted, fileName: '' }],
    ['a path as file name', { ...wanted, fileName: '../x' }],
    ['. as file name', { ...wanted, fileName: '.' }],
    ['.. as file name', { ...wanted, fileName: '..' }],
    ['a control character in the file name', { ...wanted, fileName: 'a\u0000b' }],
    ['a file name of more than 255 bytes', { ...wanted, fileName: 'ä'.repeat(128) }],
    ['a name in two parts as file name', { ...wanted, fileName: 'a/b' }],
    ['a lone surrogate in the file name', JSON.stringify({ ...wanted, fileName: 'X' }).replace('X', '\\ud800')],
  ]
  const { fileName, ...nameless } = wanted
  for (const [name, path] of [
    ['empty', ''], ['a slash at its beginning', '/a'], ['a slash at its end', 'a/'], ['an empty name in it', 'a//b'], ['. in it', 'a/./b'],
    ['.. in it', 'a/../b'], ['.. at its beginning', '../a'], ['a control character in it', 'a/b\u0085'], ['a NUL in it', 'a/\0'],
    ['a name of more than 255 bytes in it', `a/${'ä'.repeat(128)}`], ['more than 400 characters', `${'a'.repeat(200)}/${'b'.repeat(200)}`],
    ['more than 400 bytes', `${'ä'.repeat(100)}/${'ä'.repeat(100)}`], ['a number', 5], ['null', null],
  ] as const) refused.push([`a path: ${name}`, { ...nameless, path }])
  for (const [name, payload] of refused) {
    t.test(`${name} is answered with 400`, async (t) => {
      const answer = await mint(payload)
      t.equal(answer.statusCode, 400)
      t.match(answer.json(), { statusCode: 400, code: 'INVALID_REQUEST', error: 'Bad Request' })
    })
  }

  t.test('a path that no file can have is told what paths are', async (t) => {
    t.equal((await mint({ ...nameless, path: 'a/../b' })).json().message, 'body/path must be names separated by single slashes, ' +
      '400 bytes of UTF-8 in all: each of 1 to 255 bytes without control characters, and not . or ..')
  })

  t.test('a file has either a path or a file name', async (t) => {
    for (const payload of [nameless, { ...nameless, path: 'a', fileName: 'a' }]) {
      const answer = await mint(payload)
      t.equal(answer.statusCode, 400)
      t.match(answer.json(), { code: 'INVALID_REQUEST', message: 'body must have either path or fileName.' })
    }
    t.equal((await mint({ ...nameless, path: fileName })).statusCode, 201)
  })

  t.test('a body that is not JSON is answered with 415', async (t) => {
    const answer = await app.inject({
      method: 'POST', url: '/api/v1/objects/uploads', headers: { ...authorise(member), 'content-type': 'text/xml' }, payload: '<x/>',
    })
    t.equal(answer.statusCode, 415)
    t.equal(answer.json().code, 'UNSUPPORTED_MEDIA_TYPE')
  })

  t.test('a body over the limit is answered with 413', async (t) => {
    const answer = await mint({ ...wanted, padding: 'x'.repeat(1024 * 1024) })
    t.equal(answer.statusCode, 413)
    t.equal(answer.json().code, 'BODY_TOO_LARGE')
  })

  t.test('the longest file name fits the key', async (t) => {
    t.equal((await mint({ ...wanted, fileName: 'x'.repeat(255) })).statusCode, 201)
  })

  t.test('the longest path fits the key', async (t) => {
    const path = `${'ä'.repeat(100)}/${'b'.repeat(199)}`
    t.equal(parseObjectKey((await mint({ ...nameless, path })).json().objectKey)?.path, path)
  })

  for (const host of ['a b', 'example.com/path', 'user@example.com', 'example.com:99999', '\xff']) {
    t.test(`a Host header of ${JSON.stringify(host)} is answered with 400, not repeated in a link`, async (t) => {
      const answer = await app.inject({
        method: 'POST', url: '/api/v1/objects/uploads', headers: { ...authorise(member), host }, payload: wanted,
      })
      t.equal(answer.statusCode, 400)
      t.equal(answer.json().code, 'INVALID_REQUEST')
    })
  }
})
