import t, { type Test } from 'tap'
import { mintObjectKey, parseObjectKey } from '../../../../../../objects/object-key.js'
import type { Caller } from '../../../../../../schemas/token-claims.js'
import { catalogueFiles } from '../../../../../support/catalogued-files.js'
import { pass } from '../../../../../support/clock.js'
import {
  type TestService, admin, colleague, foreignAdmin, foreignMember, member, runId, service, startService, workflowId,
} from '../../../../../support/service.js'
import { databaseKinds } from '../../../../../support/database.js'

const run = { workflowId, runId }
const NOTHING = '00000000-0000-4000-8000-000000000000'

/** A run in which no other test has files. */
const listed = { workflowId, runId: '0b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3' }

const keyOf = (caller: Caller, path: string, parts = run) =>
  mintObjectKey({ ...parts, orgKey: caller.orgKey, createdBy: caller.userId, direction: 'outputs', path })

function sharesOf ({ app, authorise }: TestService) {
  const send = async (method: 'GET' | 'POST' | 'DELETE', url: string, caller: Caller, payload?: object) => await app.inject({
    method, url: `/api/v1/objects/shares${url}`, headers: authorise(caller), ...payload === undefined ? {} : { payload },
  })
  return {
    send,
    /** The path of a new link, and its id. */
    make: async (t: Test, body: object, caller = member) => {
      const answer = await send('POST', '', caller, body)
      t.equal(answer.statusCode, 201, answer.body)
      const { id, url, expiresAt } = answer.json()
      return { id, expiresAt, path: new URL(url).pathname }
    },
  }
}

for (const { name, skip, create } of databaseKinds) {
  t.test(`share links on ${name}`, { skip }, async (t) => {
    const { url, close } = await create()
    t.teardown(close)
    const started = await startService(t, { DATABASE_URL: url })
    const { app, putFile, follow, log } = started
    const { make, send } = sharesOf(started)
    const open = async (path: string, headers = {}) => await app.inject({ url: path, headers })
    const refused = { statusCode: 404, code: 'SHARE_NOT_FOUND' }

    t.test('a file\'s link redirects to it, describes it, and says as JSON where it is', async (t) => {
      const objectKey = await putFile('content', { fileName: 'Überblick.txt' })
      const { path } = await make(t, { objectKey, type: 'inline', note: 'For Ada' })
      const redirect = await open(`${path}?utm_source=%zz&type=attachment`)
      t.equal(redirect.statusCode, 302)
      t.equal(await (await follow(new URL(String(redirect.headers.location), `http://localhost${path}`).href)).text(), 'content')
      t.equal((await open(`${path}/`)).statusCode, 302)
      t.match((await app.inject({ method: 'HEAD', url: path })).headers, {
        'content-length': '7', 'content-disposition': /^inline; /, 'referrer-policy': 'no-referrer', 'x-robots-tag': 'noindex',
      })
      t.match((await open(path, { accept: 'application/json' })).json(), { fileName: 'Überblick.txt', bytes: 7, contentType: 'text/plain' })
      t.match((await open(`${path}?as=json`)).json(), { fileName: 'Überblick.txt' })
      t.equal((await open(`${path}?as=xml`)).statusCode, 400)
    })

    t.test('a link ends to the second', async (t) => {
      const { path, expiresAt } = await make(t, { objectKey: await putFile('x'), expiresIn: 60 })
      const lastsSeconds = (Date.parse(expiresAt) - Date.now()) / 1000
      t.ok(lastsSeconds > 50 && lastsSeconds < 61)
      t.test('it opens until then', async (t) => {
        pass(t, lastsSeconds - 1)
        t.equal((await open(path)).statusCode, 302)
      })
      t.test('and not after', async (t) => {
        pass(t, lastsSeconds)
        t.match((await open(path)).json(), refused)
        t.match((await app.inject({ method: 'HEAD', url: path })).statusCode, 404)
      })
    })

    t.test('a run\'s link lists its folders and files, each with a link that ends with it', async (t) => {
      const files = {
        a: keyOf(member, 'plots/a.png', listed),
        b: keyOf(member, 'b <i>&"\'.txt', listed),
        theirs: keyOf(colleague, 'theirs.txt', listed),
      }
      for (const objectKey of Object.values(files)) await putFile('x', { objectKey })
      const eventTime = new Date()
      await catalogueFiles(app.database, Object.values(files).map((objectKey) => ({ objectKey, sizeBytes: 1, eventTime })))
      const { id, path } = await make(t, listed)
      const answer = await open(path)
      const page = answer.json()
      t.match(page, { folders: [{ path: 'plots/' }], files: [{ path: 'b <i>&"\'.txt', bytes: 1, direction: 'outputs' }], nextCursor: null })
      t.equal(page.files.length, 1, 'a member\'s link leads to no one else\'s files')
      t.match((await open((await make(t, listed, admin)).path)).json().files, [{ path: 'b <i>&"\'.txt' }, { path: 'theirs.txt' }])
      const [folder, file] = [page.folders[0].url, page.files[0].url].map((url) => new URL(url).pathname)
      t.match((await open(folder ?? '')).json(), { files: [{ path: 'plots/a.png' }] })
      t.equal((await open(file ?? '')).statusCode, 302)

      const html = await open(path, { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' })
      t.match(html.headers, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': /^default-src 'none'; style-src 'sha256-/,
        'referrer-policy': 'no-referrer',
        'x-robots-tag': 'noindex',
        'cache-control': 'private, no-store',
      })
      t.match(html.body, '<bdi>b &lt;i&gt;&amp;&quot;&#39;.txt</bdi>')
      t.notMatch(html.body, '<i>')
      for (const text of [answer.body, html.body]) {
        for (const key of Object.values(files)) t.notOk(text.includes(parseObjectKey(key)?.token ?? '') || text.includes(member.userId))
      }
      const links = [...html.body.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => href)
      t.equal(links.length, 4, 'two of archives of all')
      for (const href of links) t.equal((await open(new URL(href, `http://localhost${path}`).pathname)).statusCode < 400, true)

      t.equal((await send('DELETE', `/${id}`, member)).statusCode, 200)
      for (const ended of [path, folder, file]) t.match((await open(ended ?? '')).json(), refused)
    })

    t.test('a page has 100 entries, and its cursor is of that link alone', async (t) => {
      const other = { workflowId, runId: NOTHING }
      await catalogueFiles(app.database, Array.from({ length: 101 }, (_, index) => ({
        objectKey: mintObjectKey({ ...other, orgKey: 'acme', createdBy: member.userId, direction: 'outputs', path: `${index}` }),
        sizeBytes: 1,
        eventTime: new Date(),
      })))
      const [{ path }, another] = [await make(t, other), await make(t, other)]
      const { files, nextCursor } = (await open(path)).json()
      t.equal(files.length, 100)
      t.equal((await open(`${path}?cursor=${nextCursor}`)).json().files.length, 1)
      t.equal((await open(`${another.path}?cursor=${nextCursor}`)).statusCode, 400)
      const html = await open(path, { accept: 'text/html' })
      const [, next = ''] = /href="(\?cursor=[^"]+)"/.exec(html.body) ?? []
      t.match((await open(path + next, { accept: 'text/html' })).body, /<tbody>\n<tr>.*<\/tr>\n<\/tbody>/)
    })

    t.test('links are listed and revoked by their maker and by admins, and by no other organisation', async (t) => {
      const { id, path } = await make(t, { objectKey: await putFile('x'), note: 'A note' })
      for (const caller of [colleague, foreignMember, foreignAdmin]) {
        t.match((await send('DELETE', `/${id}`, caller)).json(), refused)
        t.equal(JSON.stringify((await send('GET', '', caller)).json()).includes(id), false)
      }
      t.equal((await send('DELETE', `/${NOTHING}`, admin)).statusCode, 404)
      t.equal((await send('DELETE', '/nothing', admin)).statusCode, 400)
      t.equal((await open(path)).statusCode, 302)
      await app.shareUses.write()
      for (const caller of [member, admin]) {
        t.match((await send('GET', '?limit=1', caller)).json().shares, [{
          id, kind: 'file', note: 'A note', madeBy: member.userId, useCount: 1, lastUsedAt: /Z$/, revokedAt: null,
        }])
      }
      const revocation = await send('DELETE', `/${id}`, admin)
      const { revokedAt, bytesUntil } = revocation.json()
      const flowsForMs = Date.parse(bytesUntil) - Date.parse(revokedAt)
      t.ok(flowsForMs > 300_000 && flowsForMs < 305_000, 'a second, and the life of a pre-signed URL')
      t.match((await open(path)).json(), refused)
      t.equal((await send('DELETE', `/${id}`, member)).json().revokedAt, revokedAt, 'again, it changes nothing')
      t.match((await send('GET', '?limit=1', member)).json().shares, [{ id, revokedAt }])
    })

    t.test('the list is read page by page, the newest first', async (t) => {
      const made = [await make(t, run, service), await make(t, run, service), await make(t, run, service)].map(({ id }) => id)
      const first = (await send('GET', '?limit=2', service)).json()
      const second = (await send('GET', `?limit=2&cursor=${first.nextCursor}`, service)).json()
      t.strictSame([...first.shares, ...second.shares].map(({ id }) => id), made.toReversed())
      t.equal(second.nextCursor, null)
      t.equal((await send('GET', `?limit=2&cursor=${first.nextCursor}`, admin)).statusCode, 400, 'the cursor is of that list alone')
    })

    t.test('all links of an organisation end at once, and those that are made afterwards hold', async (t) => {
      const objectKey = await putFile('x')
      const before = [await make(t, { objectKey }), await make(t, run, admin)]
      t.equal((await send('POST', '/revoke-all', member)).statusCode, 403)
      t.equal((await send('POST', '/revoke-all', foreignAdmin)).statusCode, 200)
      t.equal((await open(before[0]?.path ?? '')).statusCode, 302, 'another organisation\'s stay')
      t.equal((await send('POST', '/revoke-all', service)).statusCode, 200)
      for (const { path } of before) t.match((await open(path)).json(), refused)
      t.equal((await open((await make(t, { objectKey })).path)).statusCode, 302)
      t.match((await send('GET', '?limit=3', admin)).json().shares, [{ revokedAt: null }, { revokedAt: /Z$/ }, { revokedAt: /Z$/ }])
    })

    t.test('nobody shares a file that is not theirs to list, or that is not there', async (t) => {
      const objectKey = await putFile('x', { objectKey: keyOf(colleague, 'a.txt') })
      const share = async (caller: Caller, payload: object) => {
        const { statusCode, body } = await send('POST', '', caller, payload)
        return [statusCode, JSON.parse(body).code]
      }
      for (const caller of [member, foreignMember, foreignAdmin]) t.strictSame(await share(caller, { objectKey }), [404, 'OBJECT_NOT_FOUND'])
      t.strictSame(await share(member, { objectKey: keyOf(member, 'missing') }), [404, 'OBJECT_NOT_FOUND'])
      for (const caller of [colleague, service, admin]) t.equal((await share(caller, { objectKey }))[0], 201)
      for (const payload of [
        {}, { workflowId }, { objectKey, workflowId }, { objectKey, ...run },
        { objectKey, expiresIn: 59 }, { ...run, expiresIn: 2_592_001 },
      ]) {
        t.strictSame(await share(admin, payload), [400, 'INVALID_REQUEST'], JSON.stringify(payload))
      }
      await app.objectStorage.remove(objectKey)
      app.existence.forget(objectKey)
    })

    t.test('a link to a file that is gone is answered like one that has ended', async (t) => {
      const objectKey = await putFile('x')
      const { path } = await make(t, { objectKey })
      await app.objectStorage.remove(objectKey)
      app.existence.forget(objectKey)
      t.match((await open(path)).json(), refused)
    })

    t.test('no row holds a key, and no line of the log a key or a link', async (t) => {
      const objectKey = await putFile('x')
      const { path } = await make(t, { objectKey })
      await open(path)
      await open(`${path}x`)
      const sealed = path.slice(path.lastIndexOf('/') + 1)
      const token = objectKey.split('/').at(-2) ?? ''
      const rows = JSON.stringify(await app.database.selectFrom('shares').select(['id', 'org_key', 'kind', 'note']).execute())
      t.notOk(rows.includes(token))
      for (const secret of [sealed, token]) t.notOk(log.some((line) => line.includes(secret)))
      const metrics = (await app.inject('/metrics')).body
      for (const secret of [sealed, token]) t.notOk(metrics.includes(secret))
      t.match(metrics, /objects_storage_shares_opened_total\{outcome="refused"\} [1-9]/)
    })
  })
}

t.test('what was changed, cut short, or sealed for something else is answered like a link that never was', async (t) => {
  const started = await startService(t)
  const { app, putFile } = started
  const open = async (path: string) => await app.inject(path)
  const { make } = sharesOf(started)
  const { path } = await make(t, { objectKey: await putFile('x') })
  const sealed = path.slice(path.lastIndexOf('/') + 1)
  const base = path.slice(0, -sealed.length)
  const bytes = Buffer.from(sealed, 'base64url')
  // Every bit of it is tried in test/unit/shares/.
  const flipped = Array.from(bytes, (byte, at) => {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(byte ^ (1 << (at & 7)), at)
    return changed.toString('base64url')
  })
  const cut = Array.from({ length: 40 }, (_, index) => sealed.slice(0, 1 + Math.floor(index * sealed.length / 40)))
  const upload = await app.inject({
    method: 'POST',
    url: '/api/v1/objects/uploads',
    headers: started.authorise(member),
    payload: { ...run, direction: 'inputs', fileName: 'a', contentType: 'text/plain', multipart: true, sizeBytes: 1 },
  })
  const others = [upload.json().uploadId, `${sealed}A`, `${sealed}=`, 'x', '%00', `${sealed}%20`, '..%2F..%2Fdownload']
  const answers = new Set<string>()
  for (const text of [...flipped, ...cut, ...others]) {
    const { statusCode, headers: { date, 'x-request-id': id, ...headers }, body } = await open(base + text)
    answers.add(JSON.stringify([statusCode, headers, body]))
  }
  t.equal(answers.size, 1, 'in one way')
  t.match((await open(base + 'x')).json(), { statusCode: 404, code: 'SHARE_NOT_FOUND' })
  t.equal((await open(path)).statusCode, 302, 'and the link itself opens')
})

t.test('with SHARE_MODE=stream the key is shown to nobody', async (t) => {
  const started = await startService(t, { SHARE_MODE: 'stream' })
  const { app, putFile, downloadPath } = started
  const objectKey = await putFile('content')
  const { id, path } = await sharesOf(started).make(t, { objectKey })
  const whole = await app.inject(path)
  t.strictSame([whole.statusCode, whole.body], [200, 'content'])
  const part = await app.inject({ url: path, headers: { range: 'bytes=1-2' } })
  t.strictSame([part.statusCode, part.body], [206, 'on'])
  t.equal((await app.inject({ url: path, headers: { 'if-none-match': String(whole.headers.etag) } })).statusCode, 304)
  const json = (await app.inject({ url: path, headers: { accept: 'application/json' } })).json()
  t.equal(new URL(json.url).pathname, path, 'JSON leads to the link itself')
  t.equal((await app.inject(downloadPath(objectKey))).statusCode, 302, 'downloads by key redirect')
  const { revokedAt, bytesUntil } = (await sharesOf(started).send('DELETE', `/${id}`, member)).json()
  t.ok(Date.parse(bytesUntil) - Date.parse(revokedAt) < 5_000, 'there are no URLs to wait for')
})

t.test('active content that is asked for inline is sent in a sandbox', async (t) => {
  const started = await startService(t)
  const objectKey = await started.putFile('<script>', { fileName: 'a.html', contentType: 'text/html' })
  const { path } = await sharesOf(started).make(t, { objectKey, type: 'inline' })
  const answer = await started.app.inject(path)
  t.equal(answer.statusCode, 200)
  t.match(answer.headers['content-security-policy'], /^sandbox; default-src 'none'/)
})

t.test('links that are not count as misses', async (t) => {
  const { app } = await startService(t, { DOWNLOAD_MISS_LIMIT: '2' })
  const open = async () => (await app.inject('/api/v1/objects/shared/nothing')).statusCode
  t.strictSame([await open(), await open(), await open()], [404, 404, 429])
})

t.test('who makes links without end is slowed down', async (t) => {
  const started = await startService(t, { SHARE_LIMIT: '2' })
  const { send } = sharesOf(started)
  const make = async () => (await send('POST', '', member, run)).statusCode
  t.strictSame([await make(), await make(), await make()], [201, 201, 429])
})
