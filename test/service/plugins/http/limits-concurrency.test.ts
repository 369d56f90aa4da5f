import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { type DownloadService, startDownloadService } from '../../../support/download-service.js'
import { redisSkip, startRedis } from '../../../support/redis.js'
import { admin, member, runId, startService, workflowId } from '../../../support/service.js'
import { storeKinds } from '../../../support/stores.js'

/** Look-ups of one client that may be in progress when its limit is reached. */
const PLACES = 32
const folder = `acme/workflows/${workflowId}/runs/${runId}/users/${member.userId}/outputs/${'A'.repeat(22)}`
const missing = (index: number) => `${folder}/${index}`
const numbers = (length: number) => Array.from({ length }, (_, index) => index)
const noDatabase = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }
const [embedded] = storeKinds.slice(0, 1)
if (embedded === undefined) throw new Error('There is no embedded store.')

async function linkTo ({ app }: DownloadService, objectKeys: string[], remoteAddress = '192.0.2.1') {
  const answer = await app.inject({ method: 'POST', url: '/api/v1/objects/links', payload: { objectKeys }, remoteAddress })
  const body: { results?: Array<{ link?: object, error?: { code: string } }> } = answer.json()
  return { status: answer.statusCode, codes: (body.results ?? []).map(({ link, error }) => link === undefined ? error?.code : 'link') }
}

/** Sends 60 concurrent requests of one client that each name 100 missing files. */
async function guessMany (services: DownloadService[]) {
  return await Promise.all(numbers(60).flatMap((request) => services.map((service) =>
    linkTo(service, numbers(100).map((index) => missing(request * 100 + index))))))
}

t.test('60 requests for 100 links at once find out no more misses than the limit and the look-ups under way', async (t) => {
  const service = await startDownloadService(t, embedded, { DOWNLOAD_MISS_LIMIT: '60', EXISTENCE_TTL: '0' })
  const { app, proxy, putFile, downloadPath } = service
  const found = await putFile('found')

  const answers = await guessMany([service])
  t.ok(proxy.count('HEAD') >= 60 && proxy.count('HEAD') < 60 + PLACES, `${proxy.count('HEAD')} look-ups`)
  const codes = answers.flatMap(({ codes }) => codes)
  t.equal(codes.filter((code) => code === 'OBJECT_NOT_FOUND').length, proxy.count('HEAD'))
  t.strictSame(new Set(codes), new Set(['OBJECT_NOT_FOUND', 'TOO_MANY_REQUESTS']))
  t.ok(answers.some(({ status }) => status === 429), 'where nothing was looked up')

  proxy.forgetRequests()
  t.equal((await app.inject({ url: downloadPath(found), remoteAddress: '192.0.2.1' })).statusCode, 429)
  t.equal(proxy.count(), 0)
  t.equal((await app.inject({ url: downloadPath(found), remoteAddress: '192.0.2.2' })).statusCode, 302, 'another client is not concerned')
})

for (const mode of ['redirect', 'stream']) {
  for (const method of ['GET', 'HEAD'] as const) {
    t.test(`nor do 300 downloads at once, ${method}, mode ${mode}`, async (t) => {
      const { app, proxy, downloadPath } = await startDownloadService(t, embedded, { DOWNLOAD_MODE: mode, DOWNLOAD_MISS_LIMIT: '20' })
      const statuses = await Promise.all(numbers(300).map(async (index) =>
        (await app.inject({ method, url: downloadPath(missing(index)) })).statusCode))
      const missed = statuses.filter((status) => status === 404).length
      t.ok(missed >= 20 && missed < 20 + 20, `${missed} misses: there are no more places than the limit`)
      t.equal(statuses.filter((status) => status === 429).length, 300 - missed)
      t.equal(proxy.count(), missed)
    })
  }
}

t.test('files that are there are found however many are asked for at once, and however low the limit is', async (t) => {
  for (const mode of ['redirect', 'stream']) {
    const service = await startDownloadService(t, embedded, { DOWNLOAD_MODE: mode, DOWNLOAD_MISS_LIMIT: '3', EXISTENCE_TTL: '0' })
    const { app, putFile, downloadPath } = service
    const objectKeys = await Promise.all(numbers(100).map((index) => putFile(`file ${index}`)))
    for (const method of ['GET', 'HEAD'] as const) {
      const statuses = await Promise.all(objectKeys.map(async (objectKey) =>
        (await app.inject({ method, url: downloadPath(objectKey) })).statusCode))
      t.strictSame(new Set(statuses), new Set([method === 'GET' && mode === 'redirect' ? 302 : 200]))
    }
    t.strictSame(await linkTo(service, objectKeys), { status: 200, codes: Array(100).fill('link') })
  }
})

t.test('a place', async (t) => {
  t.test('is given back when the store refuses, does not answer or answers too late', async (t) => {
    const { ask, proxy, putFile, downloadPath } = await startDownloadService(t, embedded, {
      DOWNLOAD_MISS_LIMIT: '2', EXISTENCE_TTL: '0', S3_FIRST_BYTE_TIMEOUT: '1',
    })
    const path = downloadPath(await putFile('found'))
    const later = (seconds: number) =>
      t.intercept(Date, 'now', { value: () => performance.timeOrigin + performance.now() + seconds * 1000 }).restore
    for (const fault of [{ kind: 'answer', statusCode: 403, code: 'AccessDenied' }, { kind: 'reset' }, { kind: 'mute' }] as const) {
      proxy.inject(fault)
      const statuses = await Promise.all(numbers(6).map(async () => (await ask(path)).status))
      t.ok(statuses.every((status) => status === 502 || status === 503), statuses.join())
      proxy.heal()
      // A store that did not answer is left alone for this long.
      const restore = later(3)
      t.strictSame(await Promise.all(numbers(6).map(async () => (await ask(path)).status)), Array(6).fill(302))
      restore()
    }
  })

  t.test('is not waited for by a client that has left', async (t) => {
    const { ask, open, log, proxy, downloadPath } = await startDownloadService(t, embedded, { DOWNLOAD_MISS_LIMIT: '2' })
    const gate = new AbortController()
    const opened = new Promise((resolve) => { gate.signal.addEventListener('abort', resolve) })
    proxy.inject({ kind: 'hold', until: opened }, { method: 'HEAD' })
    const holders = [1, 2].map((index) => ask(downloadPath(missing(index))))
    while (proxy.count('HEAD') < 2) await proxy.arrival('HEAD')

    const leaver = new AbortController()
    const before = log.length
    const leaving = t.rejects(open(downloadPath(missing(3)), { signal: leaver.signal }), { name: 'AbortError' })
    const said = (text: string) => log.slice(before).some((line) => line.includes(text))
    while (!said('incoming request')) await setImmediate()
    leaver.abort()
    await leaving
    while (!said('the client left before it was answered')) await setImmediate()
    gate.abort()
    for (const { status } of await Promise.all(holders)) t.equal(status, 404)
    t.equal(proxy.count('HEAD'), 2)
  })

  t.test('is not kept by a file that is being sent', async (t) => {
    const { ask, open, proxy, putFile, downloadPath } = await startDownloadService(t, embedded, {
      DOWNLOAD_MODE: 'stream', DOWNLOAD_MISS_LIMIT: '1',
    })
    const path = downloadPath(await putFile('x'.repeat(1000)))
    proxy.inject({ kind: 'stall', afterBytes: 10 }, { times: 1 })
    const { statusCode, body } = await open(path)
    t.equal(statusCode, 200)
    t.equal((await ask(path)).status, 200)
    body.on('error', () => {}).destroy()
  })
})

t.test('60 requests at once', async (t) => {
  const spent = async (answers: Array<Promise<{ statusCode: number }>>) => {
    const statuses = (await Promise.all(answers)).map(({ statusCode }) => statusCode)
    return statuses.filter((status) => status !== 429).length
  }

  t.test('are let through as often as the limit says', async (t) => {
    const { app, authorise } = await startService(t, {
      UPLOAD_LIMIT: '7', RECONCILE_LIMIT: '5', AUTH_FAILURE_LIMIT: '10', EVENTS_TOKEN: 'the-events-token-1',
    })
    const inject = async (remoteAddress: string, url: string, headers: Record<string, string>, payload?: object) =>
      await app.inject({ method: 'POST', url: `/api/v1/objects/${url}`, remoteAddress, headers, ...payload === undefined ? {} : { payload } })
    const wrong = { authorization: 'Bearer wrong' }
    const upload = { workflowId, runId, direction: 'outputs', fileName: 'a.txt', contentType: 'text/plain' }
    t.equal(await spent(numbers(60).map(() => inject('192.0.2.1', 'reconcile', wrong))), 10)
    t.equal(await spent(numbers(60).map(() => inject('192.0.2.2', 'events', wrong, {}))), 10)
    t.equal(await spent(numbers(60).map(() => inject('192.0.2.3', 'uploads', authorise(member), upload))), 7)
    const ends = (caller = member) => numbers(60).map((index) => index % 2 === 0
      ? inject('192.0.2.3', 'uploads/complete', authorise(caller), { uploadId: 'unknown' })
      : app.inject({ method: 'DELETE', url: '/api/v1/objects/uploads?uploadId=unknown', headers: authorise(caller) }))
    t.equal(await spent(ends()), 7, 'uploads can be ended though no more can be begun, completed and aborted ones together')
    t.equal(await spent(ends({ ...member, orgKey: 'other' })), 7)
    t.equal(await spent(numbers(60).map(() => inject('192.0.2.3', 'reconcile', authorise(admin)))), 5)
    t.equal(await spent(numbers(60).map(() => inject('192.0.2.1', 'uploads', authorise({ ...member, orgKey: 'other' }), upload))), 7,
      'of another organisation, though its user has the same id, and though wrong tokens came from there')
  })

  t.test('of two replicas with one Redis, too', { skip: redisSkip }, async (t) => {
    const { url: REDIS_URL } = await startRedis(t)
    const environment = {
      ...noDatabase, REDIS_URL, DOWNLOAD_MISS_LIMIT: '60', AUTH_FAILURE_LIMIT: '10', UPLOAD_LIMIT: '9', EXISTENCE_TTL: '0',
    }
    const services = await Promise.all([1, 2].map(() => startDownloadService(t, embedded, environment)))
    const lookUps = () => services.reduce((sum, { proxy }) => sum + proxy.count('HEAD'), 0)
    const failures = numbers(60).flatMap(() => services.map(({ app }) => app.inject('/api/v1/objects/storage-usage')))
    t.equal(await spent(failures), 10)
    const ends = numbers(60).flatMap(() => services.map(({ app, authorise }) => app.inject({
      method: 'DELETE', url: '/api/v1/objects/uploads?uploadId=unknown', headers: authorise(member),
    })))
    t.equal(await spent(ends), 9)

    const found = await Promise.all(services.map(({ putFile }) => Promise.all(numbers(100).map((index) => putFile(`file ${index}`)))))
    const links = await Promise.all(services.map((service, index) => linkTo(service, found[index] ?? [])))
    for (const answer of links) t.strictSame(answer, { status: 200, codes: Array(100).fill('link') })
    for (const { proxy } of services) proxy.forgetRequests()
    await guessMany(services)
    const isLate = services.some(({ log }) => log.some((line) => line.includes('Redis does not answer')))
    t.equal(isLate, false, 'or the machine is too busy to tell')
    t.ok(lookUps() >= 60 && lookUps() < 60 + services.length * PLACES, `${lookUps()} look-ups`)
  })
})
