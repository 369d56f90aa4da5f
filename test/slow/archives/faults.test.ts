import { randomBytes, randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Agent, type Dispatcher, request } from 'undici'
import { mintObjectKey } from '../../../objects/object-key.js'
import { readZip } from '../../support/archives.js'
import { type Fault, FaultProxy } from '../../support/fault-proxy.js'
import { member, startService, workflowId } from '../../support/service.js'
import { storeKinds } from '../../support/stores.js'

const FILES = 12
const FILE_BYTES = 300_000
const ARCHIVES_AT_ONCE = 5

for (const { name, skip, open } of storeKinds) {
  t.test(`archives on ${name} behind faults`, { skip }, async (t) => {
    const store = await open()
    t.teardown(store.close)
    const proxy = await FaultProxy.start(store.endpoint)
    t.teardown(() => proxy.close())
    /** A separate service, which has not met the faults before, and a run with files. */
    const makeRun = async (t: Test, settings: Record<string, string> = {}) => {
      const { app, putFile, authorise } = await startService(t, {
        ...store.environment, S3_ENDPOINT: proxy.endpoint, ARCHIVES_AT_ONCE: String(ARCHIVES_AT_ONCE), ...settings,
      })
      const origin = await app.listen({ host: '127.0.0.1', port: 0 })
      // Gone before the service closes, which would wait for its connections.
      const dispatcher = new Agent({ connections: 100 })
      t.teardown(() => dispatcher.destroy())
      const runId = randomUUID()
      const contents = new Map<string, Buffer>()
      const put = async (path: string, objectKey = mintObjectKey({
        orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction: 'outputs', path,
      })) => {
        const content = randomBytes(FILE_BYTES)
        contents.set(path, content)
        await putFile(content, { objectKey })
        await app.bucketEvents.recount(objectKey, { wasStored: true })
        return objectKey
      }
      const objectKeys: string[] = []
      for (let index = 0; index < FILES; index++) objectKeys.push(await put(`${index + 10}`))
      const get = async (headers: Record<string, string> = {}) => await request(
        `${origin}/api/v1/objects/archive?workflowId=${workflowId}&runId=${runId}`,
        { dispatcher, headers: { ...authorise(member), ...headers } })
      return { app, contents, put, objectKeys, get }
    }

    /** Gets an archive once the service asks the store again. */
    const getOnceRecovered = async (get: Awaited<ReturnType<typeof makeRun>>['get'], headers: Record<string, string> = {}) => {
      for (;;) {
        const answer = await get(headers)
        if (answer.statusCode !== 503) return answer
        await answer.body.dump()
        await setTimeout(100)
      }
    }

    const sameFiles = (t: Test, archive: Buffer, contents: Map<string, Buffer>) => {
      const files = readZip(archive)
      t.same([...files.keys()], [...contents.keys()])
      t.ok([...contents].every(([path, content]) => files.get(path)?.equals(content)))
    }

    const faults: Record<string, Fault> = {
      'a stall': { kind: 'stall', afterBytes: 100_000 },
      'a truncation': { kind: 'truncate', afterBytes: 100_000 },
      'a reset': { kind: 'reset' },
      'an error': { kind: 'answer', statusCode: 500, code: 'InternalError' },
    }
    // The proxy is the same in front of every store.
    const tried = Object.entries(faults).filter(([faultName]) => name === 'embedded store' || faultName === 'a truncation')
    for (const [faultName, fault] of tried) {
      await t.test(`${faultName} in the middle breaks the download off, and it resumes`, async (t) => {
        const { contents, get } = await makeRun(t, { STREAM_IDLE_TIMEOUT: '1' })
        const answer = await get()
        const chunks = answer.body[Symbol.asyncIterator]()
        const received: Buffer[] = [(await chunks.next()).value]
        // The store is asked again after each of these.
        proxy.inject(fault, { method: 'GET' })
        await t.rejects(async () => {
          for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) received.push(next.value)
        })
        proxy.heal()
        const at = Buffer.concat(received).length
        const rest = await getOnceRecovered(get, { range: `bytes=${at}-`, 'if-range': String(answer.headers.etag) })
        t.equal(rest.statusCode, 206)
        sameFiles(t, Buffer.concat([...received, Buffer.from(await rest.body.arrayBuffer())]), contents)
      })

      await t.test(`${faultName} at its beginning is an error, and nothing is sent`, async (t) => {
        const { contents, get } = await makeRun(t, { STREAM_IDLE_TIMEOUT: '1' })
        proxy.inject(fault.kind === 'stall' || fault.kind === 'truncate' ? { ...fault, afterBytes: 0 } : fault, { method: 'GET' })
        const refused = await get().catch((error: unknown) => error)
        // A body that never comes is only noticed once it is awaited.
        if (refused instanceof Error) throw refused
        const { statusCode, body } = Object(refused)
        if (statusCode === 200) await t.rejects(body.arrayBuffer())
        else t.match(await body.json(), { code: 'STORE_UNAVAILABLE' })
        proxy.heal()
        sameFiles(t, await wholeOf(getOnceRecovered(get)), contents)
      })
    }

    await t.test('a file that is replaced or deleted meanwhile breaks it off, and a new one is whole', async (t) => {
      const { app, contents, put, objectKeys, get } = await makeRun(t)
      const answer = await get()
      t.notOk((await answer.body[Symbol.asyncIterator]().next()).done)
      const last = objectKeys.at(-1) ?? ''
      await put(String(FILES + 9), last)
      await t.rejects(readToEnd(answer.body))
      t.equal((await get({ range: 'bytes=1000-', 'if-match': String(answer.headers.etag) })).statusCode, 412)
      sameFiles(t, await wholeOf(get({ range: 'bytes=1000-', 'if-range': String(answer.headers.etag) })), contents)

      const begun = await get()
      await begun.body[Symbol.asyncIterator]().next()
      await app.objectStorage.remove(last)
      contents.delete(String(FILES + 9))
      await t.rejects(readToEnd(begun.body))
      await app.bucketEvents.settled()
      sameFiles(t, await wholeOf(get()), contents)
    })

    await t.test('no more than are allowed are sent at once, whoever asks, and every place comes back', async (t) => {
      const { app, contents, get } = await makeRun(t)
      // The requests that have a place keep it until the others have been refused.
      const places = new EventEmitter()
      proxy.inject({ kind: 'hold', until: once(places, 'taken') }, { method: 'GET' })
      let refusedCount = 0
      const answers = await Promise.all(Array.from({ length: 60 }, async () => {
        const answer = await get()
        if (answer.statusCode === 200) return [answer]
        t.match(answer.headers, { 'retry-after': /^\d+$/ })
        t.match(await answer.body.json(), { statusCode: 503, code: 'ARCHIVES_BUSY' })
        if (++refusedCount === 60 - ARCHIVES_AT_ONCE) places.emit('taken')
        return []
      }))
      proxy.heal()
      const sent = answers.flat()
      t.equal(sent.length, ARCHIVES_AT_ONCE)
      // Some are read, and the clients of others leave.
      for (const [index, { body }] of sent.entries()) {
        if (index % 2 === 0) body.on('error', () => {}).destroy()
        else sameFiles(t, Buffer.from(await body.arrayBuffer()), contents)
      }
      await placesFree(app)
      const again = await Promise.all(Array.from({ length: ARCHIVES_AT_ONCE }, async () => await get()))
      t.ok(again.every(({ statusCode }) => statusCode === 200))
      for (const { body } of again) sameFiles(t, Buffer.from(await body.arrayBuffer()), contents)
      await placesFree(app)
    })

    await t.test('the store is asked for nothing more once the client has left', async (t) => {
      const { app, get } = await makeRun(t)
      const answer = await get()
      await answer.body[Symbol.asyncIterator]().next()
      proxy.inject({ kind: 'slow', bytesPerSecond: 1_000 }, { method: 'GET' })
      answer.body.on('error', () => {}).destroy()
      await placesFree(app)
      proxy.forgetRequests()
      proxy.heal()
      await app.inject({ url: '/health' })
      t.equal(proxy.requests.filter(({ isForObject }) => isForObject).length, 0)
    })
  })
}

async function readToEnd (body: AsyncIterable<Buffer>): Promise<number> {
  let length = 0
  for await (const chunk of body) length += chunk.length
  return length
}

/** The body of an answer that is a whole archive. */
async function wholeOf (answer: Promise<Dispatcher.ResponseData>): Promise<Buffer> {
  const { statusCode, body } = await answer
  if (statusCode !== 200) throw new Error(`status ${statusCode}`)
  return Buffer.from(await body.arrayBuffer())
}

/** Resolves once no archive is being sent. */
async function placesFree (app: { inject: (request: { url: string }) => PromiseLike<{ body: string }> }): Promise<void> {
  // Injected requests would not let the sockets have a turn.
  while (!/^objects_storage_archives_open 0$/m.test((await app.inject({ url: '/metrics' })).body)) await setTimeout(10)
}
