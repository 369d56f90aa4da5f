import t, { type Test } from 'tap'
import { type DownloadService, json, recover, startDownloadService } from '../../../../../support/download-service.js'
import type { Fault } from '../../../../../support/fault-proxy.js'
import type { LogLine } from '../../../../../support/service.js'
import { storeKinds } from '../../../../../support/stores.js'

// Short, so that nothing here waits long; far apart, so that it is clear which of them ended the wait.
const timeouts = { S3_CONNECT_TIMEOUT: '0.3', S3_FIRST_BYTE_TIMEOUT: '0.3', STREAM_IDLE_TIMEOUT: '0.6' }
const stale = [
  'content-disposition', 'content-encoding', 'content-range', 'accept-ranges', 'last-modified', 'etag', 'content-security-policy', 'location',
]

const isFailure = ({ err }: LogLine) => err?.type === 'ObjectStorageUnavailable' || err?.type === 'ObjectStorageRefused'

for (const kind of storeKinds) {
  for (const mode of ['redirect', 'stream']) {
    t.test(`the ${kind.name} in trouble, downloads in mode ${mode}`, { skip: kind.skip }, async (t) => {
      const service = await startDownloadService(t, kind, { DOWNLOAD_MODE: mode, EXISTENCE_TTL: '0', ...timeouts })
      const path = service.downloadPath(await service.putFile('x'))
      t.afterEach((t) => recover(t, service, path))
      checkRefusals(t, service, path)
      checkFailures(t, service, path)
    })
  }
}

/** Failures before the first byte, which get an error response. */
function checkFailures (t: Test, service: DownloadService, path: string) {
  const { ask, proxy } = service
  const unavailable = async (t: Test) => {
    for (const method of ['GET', 'HEAD'] as const) {
      const failure = service.nextLine(isFailure)
      const answer = await ask(path, { method })
      t.match(answer, { status: 503, headers: { 'retry-after': /^[1-9]\d*$/, 'cache-control': 'no-store' } })
      t.same(stale.filter((name) => name in answer.headers), [])
      if (method === 'GET') t.match(json(answer), { statusCode: 503, code: 'STORE_UNAVAILABLE' })
      t.match(await failure, { level: 50, err: { type: 'ObjectStorageUnavailable' } })
    }
  }
  const always: Record<string, Fault> = {
    'that resets connections': { kind: 'reset' },
    'that never answers': { kind: 'mute' },
    'that fails': { kind: 'answer', statusCode: 500, code: 'InternalError' },
    'that asks for less': { kind: 'answer', statusCode: 503, code: 'SlowDown' },
    'that counts requests': { kind: 'answer', statusCode: 429, code: 'TooManyRequests' },
    'that begins an error and goes mute': { kind: 'answer-unended', statusCode: 503 },
  }
  for (const [how, fault] of Object.entries(always)) {
    t.test(`a store ${how} is unavailable`, async (t) => {
      proxy.inject(fault)
      await unavailable(t)
    })
  }

  t.test('a store that refuses connections is unavailable', async (t) => {
    await proxy.refuse()
    await unavailable(t)
    await proxy.accept()
  })

  t.test('when the store goes mute, requests that wait for a connection are answered with those that wait for the store', async (t) => {
    proxy.inject({ kind: 'mute' })
    proxy.forgetRequests()
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask(path, { method: 'HEAD' })))
    t.same(new Set(answers.map(({ status }) => status)), new Set([503]))
    // One for each connection, one after each failure before the one that opens the circuit, and on a slow machine some probes;
    // without a circuit, all 200.
    t.ok(proxy.count() <= 64 + 4 + 12, String(proxy.count()))
  })

  const justOnce: Record<string, Fault> = {
    'reset the connection': { kind: 'reset' },
    failed: { kind: 'answer', statusCode: 500, code: 'InternalError' },
    'asked for less': { kind: 'answer', statusCode: 503, code: 'SlowDown' },
  }
  for (const [how, fault] of Object.entries(justOnce)) {
    t.test(`a store that ${how} once is asked again`, async (t) => {
      const expected = await ask(path)
      proxy.inject(fault, { times: 1 })
      t.match(await ask(path), { status: expected.status, body: expected.body })
      proxy.inject(fault, { times: 1 })
      t.match(await ask(path, { method: 'HEAD' }), { status: 200 })
    })
  }

  t.test('a store that keeps failing is left alone for a while, and then asked again', async (t) => {
    proxy.inject({ kind: 'answer', statusCode: 503, code: 'SlowDown' })
    for (const method of ['GET', 'HEAD'] as const) await ask(path, { method })
    proxy.forgetRequests()
    for (const method of ['GET', 'HEAD', 'GET', 'HEAD'] as const) {
      t.match(await ask(path, { method }), { status: 503, headers: { 'retry-after': '2' } })
    }
    t.equal(proxy.requests.length, 0)
    proxy.heal()
    let status: number
    do status = (await ask(path, { method: 'HEAD' })).status
    while (status === 503)
    t.equal(status, 200)
  })

  t.test('while one request tries whether the store is back, others are answered at once', async (t) => {
    proxy.inject({ kind: 'answer', statusCode: 503, code: 'SlowDown' })
    for (const method of ['GET', 'HEAD'] as const) await ask(path, { method })
    proxy.heal()
    proxy.inject({ kind: 'mute' })
    proxy.forgetRequests()
    const arrival = proxy.arrival()
    const probing = (async () => {
      do await ask(path, { method: 'HEAD' })
      while (proxy.requests.length === 0)
      return 'the probe'
    })()
    await arrival
    const other = ask(path, { method: 'HEAD' })
    t.equal(await Promise.race([probing, other.then(({ status }) => status)]), 503)
    t.equal(proxy.requests.length, 1)
    await probing
  })
}

/** Answers which say that this service is misconfigured: there is nothing to wait for, and they say nothing about the file. */
function checkRefusals (t: Test, service: DownloadService, path: string) {
  const { ask, proxy } = service
  const refusals: Array<[statusCode: number, code: string]> = [
    [403, 'InvalidAccessKeyId'], [403, 'SignatureDoesNotMatch'], [403, 'AccessDenied'], [403, 'RequestTimeTooSkewed'],
    [404, 'NoSuchBucket'], [400, 'AuthorizationHeaderMalformed'], [301, 'PermanentRedirect'],
  ]
  for (const [statusCode, code] of refusals) {
    t.test(`a store that answers ${code} has refused the service`, async (t) => {
      proxy.inject({ kind: 'answer', statusCode, code })
      for (const method of ['GET', 'HEAD'] as const) {
        const failure = service.nextLine(isFailure)
        const answer = await ask(path, { method })
        t.equal(answer.status, 502)
        if (method === 'GET') t.match(json(answer), { statusCode: 502, code: 'STORE_REFUSED' })
        t.match(await failure, { level: 50, err: { type: 'ObjectStorageRefused', message: new RegExp(code) } })
      }
    })
  }
}
