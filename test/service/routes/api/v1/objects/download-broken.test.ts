import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { json, recover, startDownloadService } from '../../../../../support/download-service.js'
import type { Fault } from '../../../../../support/fault-proxy.js'
import { storeKinds } from '../../../../../support/stores.js'

const SIZE_BYTES = 16 * 1024 ** 2
/** More than the kernel's buffers between the proxy and the client can hold, which grow to some megabytes each. */
const ENDLESS_BYTES = 64 * 1024 ** 2
// Short, so that nothing here waits long; far apart, so that it is clear which of them ended the wait.
const timeouts = { S3_CONNECT_TIMEOUT: '0.3', S3_FIRST_BYTE_TIMEOUT: '0.3', STREAM_IDLE_TIMEOUT: '0.6' }
const stale = [
  'content-disposition', 'content-encoding', 'content-range', 'accept-ranges', 'last-modified', 'etag', 'content-security-policy', 'location',
]

for (const kind of storeKinds) {
  t.test(`a stream from the ${kind.name} in trouble`, { skip: kind.skip }, async (t) => {
    const service = await startDownloadService(t, kind, { DOWNLOAD_MODE: 'stream', ...timeouts })
    const { ask, open, proxy, putFile, downloadPath } = service
    const path = downloadPath(await putFile(Buffer.alloc(SIZE_BYTES, 'x')))
    const endlessPath = downloadPath(await putFile(Buffer.alloc(ENDLESS_BYTES, 'x')))
    t.afterEach((t) => recover(t, service, path))

    const midway: Record<string, Fault> = {
      'closes the connection': { kind: 'truncate', afterBytes: SIZE_BYTES / 2 },
      'stops sending': { kind: 'stall', afterBytes: SIZE_BYTES / 2 },
      'sends less than it promised': { kind: 'overstate', bytes: 1 },
    }
    for (const [how, fault] of Object.entries(midway)) {
      t.test(`when the store ${how} midway, the client's connection breaks and the failure is logged`, async (t) => {
        for (const headers of [{}, { range: 'bytes=1-' }]) {
          const failure = service.nextLine(({ msg }) => msg.startsWith('response terminated with an error'))
          proxy.inject(fault, { method: 'GET', times: 1 })
          const { statusCode, body } = await open(path, { headers })
          t.equal(statusCode, 'range' in headers ? 206 : 200)
          await t.rejects(body.arrayBuffer())
          t.match(await failure, { level: 40, err: { code: /^UND_ERR/ } })
        }
      })
    }

    const beforeFirstByte: Record<string, Fault> = {
      'closes the connection': { kind: 'truncate', afterBytes: 0 },
      'stops sending': { kind: 'stall', afterBytes: 0 },
    }
    for (const [how, fault] of Object.entries(beforeFirstByte)) {
      t.test(`a store that ${how} before the first byte is unavailable`, async (t) => {
        proxy.inject(fault, { method: 'GET' })
        const answer = await ask(path)
        t.match(answer, { status: 503, headers: { 'content-type': /^application\/json/ } })
        t.match(json(answer), { code: 'STORE_UNAVAILABLE' })
        t.same(stale.filter((name) => name in answer.headers), [])
      })
    }

    t.test('a store that closed the connection before the first byte once is asked again', async (t) => {
      proxy.inject({ kind: 'truncate', afterBytes: 0 }, { method: 'GET', times: 1 })
      t.match(await ask(path), { status: 200, body: Buffer.alloc(SIZE_BYTES, 'x') })
    })

    t.test('a store that does not say how long its answer is cannot be used', async (t) => {
      proxy.inject({ kind: 'omit', header: 'content-length' })
      t.match(await ask(path), { status: 502 })
      t.match(await ask(path, { method: 'HEAD' }), { status: 502 })
    })

    t.test('a client that leaves before the store answered ends the request to it', async (t) => {
      for (const headers of [{}, { range: 'bytes=1-' }]) {
        proxy.inject({ kind: 'mute' }, { times: 1 })
        const arrival = proxy.arrival()
        const cancellation = proxy.cancellation()
        const line = service.nextLine(({ msg, level }) => msg === 'the client left before it was answered' || level >= 50)
        const leaving = new AbortController()
        const answer = open(path, { headers, signal: leaving.signal })
        await arrival
        leaving.abort()
        await t.rejects(answer)
        await cancellation
        t.match(await line, { level: 30 }, 'that is not a failure')
      }
    })

    t.test('a client that leaves while the file is sent ends the request to the store', async (t) => {
      const leaving = new AbortController()
      const closed = service.nextLine(({ msg }) => msg === 'stream closed prematurely')
      const failure = service.nextLine(({ msg }) => msg.startsWith('response terminated with an error'))
      const { body } = await open(endlessPath, { signal: leaving.signal })
      const cancellation = proxy.cancellation()
      await once(body, 'readable')
      leaving.abort()
      await cancellation
      t.match(await Promise.race([closed, failure]), { level: 30 }, 'that is not a failure')
    })

    t.test('a client that takes nothing is dropped, and the request to the store ended', async () => {
      const cancellation = proxy.cancellation()
      const dropped = service.nextLine(({ msg }) => msg === 'dropped a client that took nothing for too long')
      const { body } = await open(endlessPath)
      await Promise.all([dropped, cancellation])
      await t.rejects(body.arrayBuffer())
    })

    t.test('a client that is slow, but moves, gets everything', async (t) => {
      let received = 0
      const { body } = await open(path)
      for await (const chunk of body) {
        received += chunk.length
        await setTimeout(10)
      }
      t.equal(received, SIZE_BYTES)
    })

    t.test('a store that is slow, but moves, is read to the end', async (t) => {
      const objectKey = await putFile(Buffer.alloc(SIZE_BYTES / 32, 'x'))
      proxy.inject({ kind: 'slow', bytesPerSecond: SIZE_BYTES / 64 }, { method: 'GET', times: 1 })
      t.match(await ask(downloadPath(objectKey)), { status: 200, body: Buffer.alloc(SIZE_BYTES / 32, 'x') })
    })
  })
}
