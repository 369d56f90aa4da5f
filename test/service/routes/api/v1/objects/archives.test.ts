import { randomBytes, randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { type ObjectKeyParts, mintObjectKey } from '../../../../../../objects/object-key.js'
import type { Caller } from '../../../../../../schemas/token-claims.js'
import { readZip } from '../../../../../support/archives.js'
import { databaseKinds } from '../../../../../support/database.js'
import { type TestService, admin, colleague, foreignAdmin, member, service, startService, workflowId } from '../../../../../support/service.js'

function archivesOf ({ app, authorise, putFile }: TestService) {
  const runId = randomUUID()
  const query = `workflowId=${workflowId}&runId=${runId}`
  return {
    runId,
    /** Puts a counted file into the run; returns its key. */
    put: async (path: string, body: string | Buffer, parts: Partial<ObjectKeyParts> = {}) => {
      const objectKey = mintObjectKey({ orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction: 'outputs', path, ...parts })
      await putFile(body, { objectKey })
      await app.bucketEvents.recount(objectKey, { wasStored: true })
      return objectKey
    },
    get: async (caller: Caller, parameters = '', { method = 'GET' as 'GET' | 'HEAD', headers = {} } = {}) => await app.inject({
      method, url: `/api/v1/objects/archive?${query}${parameters}`, headers: { ...authorise(caller), ...headers },
    }),
    post: async (caller: Caller, payload: object) => await app.inject({
      method: 'POST', url: '/api/v1/objects/archive', headers: authorise(caller), payload,
    }),
    share: async (t: Test, caller: Caller, body: object) => {
      const answer = await app.inject({
        method: 'POST', url: '/api/v1/objects/shares', headers: authorise(caller), payload: { workflowId, runId, ...body },
      })
      t.equal(answer.statusCode, 201, answer.body)
      return new URL(answer.json().archiveUrl).pathname
    },
  }
}

for (const { name, skip, create } of databaseKinds) {
  t.test(`archives on ${name}`, { skip }, async (t) => {
    const { url, close } = await create()
    t.teardown(close)
    const started = await startService(t, { DATABASE_URL: url })
    const { app, log } = started

    t.test('a run is one archive with its paths, named after workflow and run', async (t) => {
      const { runId, put, get } = archivesOf(started)
      const big = randomBytes(200_000)
      await put('b.bin', big)
      await put('plots/a.txt', 'one')
      await put('Plots/A.TXT', 'two')
      await put('CON', '')
      const answer = await get(member)
      t.equal(answer.statusCode, 200)
      t.match(answer.headers, {
        'content-type': 'application/zip',
        'content-length': String(answer.rawPayload.length),
        'accept-ranges': 'bytes',
        'content-disposition': new RegExp(`filename="${workflowId} ${runId}\\.zip"`),
        'cache-control': 'private, no-cache',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      })
      const files = readZip(answer.rawPayload)
      t.same(new Set(files.keys()), new Set(['b.bin', 'CON', 'plots/a.txt', 'Plots/A.TXT'].map((path) =>
        files.has('_CON') && path === 'CON' ? '_CON' : !files.has(path) ? path.replace(/(?=\.)/, '~2') : path)))
      t.ok(files.get('b.bin')?.equals(big))
      t.same(new Set([...files].filter(([path]) => /a.*txt/i.test(path)).map(([, content]) => String(content))), new Set(['one', 'two']))

      const described = await get(member, '', { method: 'HEAD' })
      t.match(described.headers, { 'content-length': String(answer.rawPayload.length), etag: answer.headers.etag })
      t.equal(described.body, '')
    })

    t.test('members get their files, admins and services all, and nobody another organisation\'s', async (t) => {
      const { put, get } = archivesOf(started)
      await put('mine', 'm')
      await put('theirs', 't', { createdBy: colleague.userId })
      const namesFor = async (caller: Caller) => [...readZip((await get(caller)).rawPayload).keys()]
      t.same(await namesFor(member), ['mine'])
      t.same(await namesFor(colleague), ['theirs'])
      t.same(await namesFor(admin), ['mine', 'theirs'])
      t.same(await namesFor(service), ['mine', 'theirs'])
      t.same(await namesFor(foreignAdmin), [])
    })

    t.test('a direction or a prefix leaves the others out', async (t) => {
      const { put, get } = archivesOf(started)
      await put('in/a', 'a', { direction: 'inputs' })
      await put('in/b', 'b')
      await put('inner', 'c')
      const namesOf = async (parameters: string) => [...readZip((await get(member, parameters)).rawPayload).keys()]
      t.same(await namesOf('&direction=inputs'), ['in/a'])
      t.same(await namesOf('&prefix=in/'), ['in/a', 'in/b'])
      t.same(await namesOf('&direction=outputs&prefix=in'), ['in/b', 'inner'])
      t.equal((await get(member, '&prefix=%00')).statusCode, 400)
      t.equal((await get(member, '&format=rar')).statusCode, 400)
      t.equal((await get(member, '&direktion=inputs')).statusCode, 400)
    })

    t.test('an empty run is an empty archive, of which no range can be sent', async (t) => {
      const { get } = archivesOf(started)
      t.equal((await get(member)).rawPayload.length, 22)
      t.ok((await get(member, '&format=tar')).rawPayload.equals(Buffer.alloc(1024)))
      const refused = await get(member, '', { headers: { range: 'bytes=22-' } })
      t.match(refused, { statusCode: 416, headers: { 'content-range': 'bytes */22' } })
      t.notOk(Object.hasOwn(refused.headers, 'content-disposition'))
    })

    t.test('ranges and preconditions hold, whatever became known meanwhile', async (t) => {
      const { put, get } = archivesOf(started)
      const objectKey = await put('a', randomBytes(100_000))
      await put('b', randomBytes(3_000))
      for (const format of ['zip', 'tar']) {
        const parameters = `&format=${format}`
        // A part first, while the checksums are not known yet.
        const end = await get(member, parameters, { headers: { range: 'bytes=-500' } })
        const { rawPayload: whole, headers: { etag } } = await get(member, parameters)
        t.match(end, { statusCode: 206, headers: { etag, 'content-range': `bytes ${whole.length - 500}-${whole.length - 1}/${whole.length}` } })
        t.ok(end.rawPayload.equals(whole.subarray(-500)))
        const middle = await get(member, parameters, { headers: { range: 'bytes=70000-104000', 'if-range': String(etag) } })
        t.ok(middle.rawPayload.equals(whole.subarray(70_000, 104_001)))
        t.match(await get(member, parameters, { headers: { 'if-none-match': String(etag) } }), { statusCode: 304, body: '' })
        t.equal((await get(member, parameters, { headers: { 'if-match': '"other"' } })).statusCode, 412)
        // An archive has no date to compare with.
        t.equal((await get(member, parameters, { headers: { 'if-modified-since': new Date().toUTCString() } })).statusCode, 200)
        t.equal((await get(member, parameters, { headers: { 'if-unmodified-since': new Date(0).toUTCString() } })).statusCode, 200)
      }
      const before = (await get(member)).headers.etag
      await started.putFile('other content', { objectKey })
      await app.bucketEvents.recount(objectKey, { wasStored: true })
      const changed = await get(member, '', { headers: { range: 'bytes=10-', 'if-range': String(before) } })
      t.equal(changed.statusCode, 200)
      t.equal(String(readZip(changed.rawPayload).get('a')), 'other content')
      t.equal((await get(member, '', { headers: { range: 'bytes=10-', 'if-match': String(before) } })).statusCode, 412)
    })

    t.test('a file that is not as it was counted is counted anew, and the next archive has it', async (t) => {
      const { put, get } = archivesOf(started)
      const objectKey = await put('a', 'before')
      // Written behind the service's back: in the embedded store, an event would report it.
      await app.database.updateTable('objects').set({ entity_tag: 'stale' }).where('object_key', '=', objectKey).execute()
      const refused = await get(member, '', { headers: { range: 'bytes=0-49' } })
      t.match(refused.json(), { statusCode: 503, code: 'ARCHIVE_CHANGED' })
      t.match(refused.headers, { 'retry-after': '1' })
      for (const header of ['etag', 'content-disposition', 'content-range', 'accept-ranges']) {
        t.notOk(Object.hasOwn(refused.headers, header), `an error has no ${header}`)
      }
      await app.bucketEvents.settled()
      t.equal(String(readZip((await get(member)).rawPayload).get('a')), 'before')
    })

    t.test('a checksum is not taken from a file of another length than was counted', async (t) => {
      const { put, get } = archivesOf(started)
      const objectKey = await put('a', randomBytes(200))
      await app.database.updateTable('objects').set({ size_bytes: 100n }).where('object_key', '=', objectKey).execute()
      // It contains no whole file, so the problem is noticed before anything is sent.
      const answer = await get(member, '', { headers: { range: 'bytes=-100' } })
      t.equal(answer.statusCode, 503)
      t.match(answer.json(), { code: 'ARCHIVE_CHANGED' })
      t.notOk(['content-disposition', 'etag', 'content-range'].some((name) => name in answer.headers))
    })

    t.test('a file of which the catalogue has no entity tag is asked for', async (t) => {
      const { put, get } = archivesOf(started)
      const objectKey = await put('a', 'content')
      await app.database.updateTable('objects').set({ entity_tag: null }).where('object_key', '=', objectKey).execute()
      t.equal(String(readZip((await get(member)).rawPayload).get('a')), 'content')
    })

    t.test('a share link to a run, a folder or a file leads to its archive, until it is revoked', async (t) => {
      const { put, get, share } = archivesOf(started)
      await put('plots/a', 'a')
      await put('b', 'b', { createdBy: colleague.userId })
      const open = async (path: string, method: 'GET' | 'HEAD' = 'GET') => await app.inject({ method, url: path })
      const ofRun = await share(t, admin, {})
      const whole = await open(`${ofRun}?fbclid=x`)
      t.match(whole.headers, { etag: (await get(admin)).headers.etag })
      t.same([...readZip(whole.rawPayload).keys()], ['b', 'plots/a'])
      t.equal((await open(ofRun, 'HEAD')).headers['content-length'], String(whole.rawPayload.length))
      t.same([...readZip((await open(await share(t, member, {}))).rawPayload).keys()], ['plots/a'])
      t.same([...readZip((await open(await share(t, member, { prefix: 'plots/' }))).rawPayload).keys()], ['plots/a'])
      t.match((await open(`${await share(t, member, {})}?format=tar`)).headers, { 'content-type': 'application/x-tar' })
      t.match((await open(`${ofRun.replace(/\/archive$/, '')}x/archive`)).json(), { code: 'SHARE_NOT_FOUND' })
      const page = await app.inject({ url: ofRun.replace(/archive$/, ''), headers: { accept: 'text/html' } })
      t.match(page.body, /<a href="[^"]+\/archive">as a ZIP archive<\/a>/)
    })

    t.test('selected files are one archive, and a list', async (t) => {
      const { put, post } = archivesOf(started)
      const [a, b] = [await put('x/a', 'a'), await put('b', 'b')]
      const theirs = await put('c', 'c', { createdBy: colleague.userId })
      const answer = await post(member, { objectKeys: [b, a, b], note: 'both' })
      t.match(answer, { statusCode: 201, headers: { 'cache-control': 'private, no-store' } })
      t.match(answer.json(), { kind: 'selection' })
      const [path, archivePath] = [new URL(answer.json().url).pathname, new URL(answer.json().archiveUrl).pathname]
      t.same([...readZip((await app.inject({ url: archivePath })).rawPayload).keys()], ['b', 'x/a'])
      const list = await app.inject({ url: path, headers: { accept: 'application/json' } })
      t.match(list.json(), { folders: [], files: [{ path: 'b' }, { path: 'x/a' }], nextCursor: null })
      t.equal((await app.inject({ url: new URL(list.json().files[0].url).pathname })).statusCode, 302)
      // A deleted file is left out.
      await app.inject({ method: 'DELETE', url: `/api/v1/objects?objectKey=${encodeURIComponent(a)}`, headers: started.authorise(member) })
      t.same([...readZip((await app.inject({ url: archivePath })).rawPayload).keys()], ['b'])

      const refused = { statusCode: 404, code: 'OBJECT_NOT_FOUND' }
      t.match((await post(member, { objectKeys: [b, theirs] })).json(), refused)
      t.equal((await post(admin, { objectKeys: [b, theirs] })).statusCode, 201)
      t.match((await post(foreignAdmin, { objectKeys: [b] })).json(), refused)
      t.match((await post(member, { objectKeys: [b.replace(/b$/, 'none')] })).json(), refused)
      t.match((await post(member, { objectKeys: ['none'] })).json(), refused)
      t.equal((await post(member, { objectKeys: [] })).statusCode, 400)
      t.equal((await post(member, { objectKeys: Array.from({ length: 1001 }, (_, index) => `${b}${index}`) })).statusCode, 400)
    })

    t.test('a long selection is listed page by page', async (t) => {
      const { put, post } = archivesOf(started)
      const objectKeys = await Promise.all(Array.from({ length: 103 }, async (_, index) => await put(`${index}`, '')))
      const answer = await post(member, { objectKeys })
      const path = new URL(answer.json().url).pathname
      const first = (await app.inject({ url: `${path}?as=json` })).json()
      const second = (await app.inject({ url: `${path}?as=json&cursor=${first.nextCursor}` })).json()
      t.same([...first.files, ...second.files].map((file) => file.path).length, 103)
      t.equal(new Set([...first.files, ...second.files].map((file) => file.path)).size, 103)
      t.equal(second.nextCursor, null)
      const other = (await post(member, { objectKeys: objectKeys.slice(1) })).json()
      t.equal((await app.inject({ url: `${new URL(other.url).pathname}?as=json&cursor=${first.nextCursor}` })).statusCode, 400)
    })

    t.test('no object key is logged', async (t) => {
      const { put, get } = archivesOf(started)
      const objectKey = await put('a', 'a')
      await get(member)
      await app.inject({ url: '/health' })
      t.notOk(log.some((line) => line.includes(objectKey)))
    })
  })
}
