import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { createClient } from '../../../client/index.js'
import { member, runId, startService, workflowId } from '../../support/service.js'
import { listenLocally } from '../../support/listen.js'

const body = 'Hello, storage!\n'

async function startListening (t: Test) {
  const { app, authorise } = await startService(t)
  const baseUrl = await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, baseUrl, token: authorise(member).authorization.replace('Bearer ', '') }
}

/** A server that answers every request with an empty object, and records the Authorization headers it received. */
async function startOtherServer (t: Test) {
  const seen: Array<string | undefined> = []
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization)
    response.setHeader('content-type', 'application/json').end('{}')
  })
  return { origin: await listenLocally(t, server), seen }
}

t.test('a file is uploaded, downloaded and counted', async (t) => {
  const { app, baseUrl, token } = await startListening(t)
  const client = createClient({ baseUrl: `${baseUrl}/`, token })

  const upload = await client.POST('/api/v1/objects/uploads', {
    body: { workflowId, runId, direction: 'outputs', fileName: 'hello.txt', contentType: 'text/plain' },
  })
  if (upload.error) throw new Error(upload.error.message)
  const { objectKey, url, headers } = upload.data
  t.equal((await fetch(url, { method: 'PUT', headers, body })).status, 200)

  const download = await client.GET('/api/v1/objects/download', { params: { query: { objectKey, type: 'inline' } } })
  if (download.error) throw new Error(download.error.message)
  const { fileName, bytes, contentType } = download.data
  t.strictSame({ fileName, bytes, contentType }, { fileName: 'hello.txt', bytes: 16, contentType: 'text/plain' })
  t.equal(await (await fetch(download.data.url)).text(), body)

  await app.bucketEvents.settled()
  const usage = await client.GET('/api/v1/objects/storage-usage')
  if (usage.error) throw new Error(usage.error.message)
  const { totalBytes, outputBytes, fileCount, breakdown: [workflow] } = usage.data
  t.strictSame({ totalBytes, outputBytes, fileCount, workflowBytes: workflow?.bytes },
    { totalBytes: 16, outputBytes: 16, fileCount: 1, workflowBytes: 16 })
})

t.test('an error has one of the documented codes', async (t) => {
  const { baseUrl } = await startListening(t)
  const client = createClient({ baseUrl })
  const { data, error, response } = await client.GET('/api/v1/objects/download', { params: { query: { objectKey: 'none/of/ours' } } })
  t.equal(data, undefined)
  t.equal(response.status, 404)
  if (error === undefined) throw new Error('There is such a file.')
  const found: 'OBJECT_NOT_FOUND' | undefined = error.code === 'OBJECT_NOT_FOUND' ? error.code : undefined
  t.equal(found, 'OBJECT_NOT_FOUND')
  // @ts-expect-error: there is no such code
  t.notOk(error.code === 'OBJECT_MISLAID')

  const usage = await client.GET('/api/v1/objects/storage-usage')
  t.match(usage.error, { statusCode: 401, code: 'TOKEN_REQUIRED' })
})

t.test('the compiler refuses what the service would', async (t) => {
  const { baseUrl, token } = await startListening(t)
  const client = createClient({ baseUrl, token })
  // @ts-expect-error: an objectKey is required
  t.match((await client.GET('/api/v1/objects/download')).error, { code: 'INVALID_REQUEST' })
  const { error } = await client.POST('/api/v1/objects/uploads', {
    // @ts-expect-error: there is no such direction
    body: { workflowId, runId, direction: 'sideways', fileName: 'hello.txt', contentType: 'text/plain' },
  })
  t.match(error, { code: 'INVALID_REQUEST' })
})

t.test('the token goes to the service alone', async (t) => {
  const own = await startOtherServer(t)
  const other = await startOtherServer(t)
  const client = createClient({ baseUrl: own.origin, token: 'secret' })
  await client.GET('/health/live')
  await client.GET('/health/live', { baseUrl: other.origin })
  await client.GET('/health/live', { headers: { authorization: 'Bearer another' } })
  t.strictSame(own.seen, ['Bearer secret', 'Bearer another'])
  t.strictSame(other.seen, [undefined])
})

t.test('a token is asked for before every request, and a path that leads out of the base gets none', async (t) => {
  const { origin, seen } = await startOtherServer(t)
  let asked = 0
  const client = createClient({ baseUrl: `${origin}/files`, token: async () => `token ${++asked}` })
  await client.GET('/health/live')
  await client.GET('/health/live')
  await client.GET('/health/live', { baseUrl: `${origin}/filesystem` })
  t.strictSame(seen, ['Bearer token 1', 'Bearer token 2', undefined])
})

t.test('an address that is not a URL is refused', async (t) => {
  t.throws(() => createClient({ baseUrl: 'files.example.com' }), TypeError)
})
