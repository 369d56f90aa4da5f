import t, { type Test } from 'tap'
import { type Answer, type DownloadService, json, startDownloadService, steadyHeaders } from '../../../../../support/download-service.js'
import { type StoreKind, storeKinds } from '../../../../../support/stores.js'

const safeTypes = [
  'image/png', 'image/jpeg', 'application/pdf', 'text/plain', 'text/plain; charset=utf-8', 'audio/mpeg', 'video/mp4', 'application/json',
  'text/csv', 'Image/PNG',
]
const activeTypes = [
  'text/html', 'text/html; charset=utf-8', 'application/xhtml+xml', 'image/svg+xml', 'text/xml', 'application/xml', 'application/javascript',
  'text/javascript', 'application/octet-stream', 'application/x-unheard-of', 'TEXT/HTML', 'text/plain, text/html',
]

function pinned ({ headers: { location } }: Answer) {
  const { searchParams } = new URL(String(location))
  return { disposition: searchParams.get('response-content-disposition'), contentType: searchParams.get('response-content-type') }
}

function policy ({ headers }: Answer): string[] {
  return String(headers['content-security-policy'] ?? '').split(/ *; */)
}

for (const kind of storeKinds) {
  t.test(`files of the ${kind.name} shown inline`, { skip: kind.skip }, async (t) => {
    await inRedirectMode(t, kind)
    await withSetting(t, kind, 'scripts', async (t, { ask }, path) => {
      const answer = await ask(path)
      t.match(answer, { status: 200, headers: { 'content-disposition': /^inline;/ } })
      t.ok(policy(answer).includes('sandbox allow-scripts'))
      t.notOk(String(answer.headers['content-security-policy']).includes('allow-same-origin'))
    })
    await withSetting(t, kind, 'attachment', async (t, { ask }, path) => {
      const answer = await ask(path)
      t.equal(answer.status, 302)
      t.match(pinned(answer), { disposition: /^attachment;/, contentType: 'text/html' })
    })
  })
}

async function withSetting (
  t: Test, kind: StoreKind, setting: string, check: (t: Test, service: DownloadService, path: string) => Promise<void>,
) {
  await t.test(`INLINE_ACTIVE_CONTENT=${setting} for a page asked for inline`, async (t) => {
    const service = await startDownloadService(t, kind, { INLINE_ACTIVE_CONTENT: setting })
    await check(t, service, service.downloadPath(await service.putFile('<h1>Hi', { contentType: 'text/html' }), 'inline'))
  })
}

async function inRedirectMode (t: Test, kind: StoreKind) {
  const service = await startDownloadService(t, kind)
  const { ask, proxy, putFile, downloadPath } = service

  for (const contentType of safeTypes) {
    await t.test(`${contentType} is redirected to, to be shown`, async (t) => {
      const objectKey = await putFile('x', { contentType })
      const answer = await ask(downloadPath(objectKey, 'inline'))
      t.equal(answer.status, 302)
      t.match(pinned(answer), { disposition: /^inline; filename=file.txt/, contentType })
      t.match(await ask(String(answer.headers.location)), {
        status: 200, headers: { 'content-type': contentType, 'content-disposition': /^inline;/ },
      })
    })
  }

  for (const contentType of activeTypes) {
    await t.test(`${contentType} is streamed into a sandbox`, async (t) => {
      const objectKey = await putFile('x', { contentType })
      const inline = downloadPath(objectKey, 'inline')
      const answer = await ask(inline)
      t.match(answer, {
        status: 200,
        body: Buffer.from('x'),
        headers: { 'content-disposition': /^inline; filename=file.txt/, 'x-content-type-options': 'nosniff', vary: 'accept' },
      })
      t.ok(policy(answer).includes('sandbox') && policy(answer).includes("default-src 'none'"))
      t.same(steadyHeaders(await ask(inline, { method: 'HEAD' })), steadyHeaders(answer))

      const asked = await ask(inline, { headers: { accept: 'application/json' } })
      const { url } = Object(json(asked))
      t.match(await ask(String(url)), { status: 200, headers: { 'content-disposition': /^attachment;/ } }, 'its URL saves it')

      const saved = await ask(downloadPath(objectKey, 'attachment'))
      t.equal(saved.status, 302)
      t.match(pinned(saved), { disposition: /^attachment;/ })
    })
  }

  await t.test('a file stored without a type is streamed as application/octet-stream into a sandbox', async (t) => {
    const inline = downloadPath(await putFile('x', { contentType: 'image/png' }), 'inline')
    proxy.inject({ kind: 'omit', header: 'content-type' })
    const answer = await ask(inline)
    proxy.heal()
    t.match(answer, { status: 200, headers: { 'content-type': 'application/octet-stream' } })
    t.ok(policy(answer).includes('sandbox'))
  })

  await t.test('a part of a page is sent into a sandbox as the whole is', async (t) => {
    const inline = downloadPath(await putFile('<h1>Hi', { contentType: 'text/html' }), 'inline')
    const answer = await ask(inline, { headers: { range: 'bytes=4-' } })
    t.match(answer, { status: 206, body: Buffer.from('Hi'), headers: { 'content-type': 'text/html' } })
    t.ok(policy(answer).includes('sandbox'))
  })
}
