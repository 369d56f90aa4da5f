import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t from 'tap'
import { pass, stopClock } from '../../../support/clock.js'
import { startDownloadService } from '../../../support/download-service.js'
import { redisSkip, startRedis } from '../../../support/redis.js'
import { colleague, member, foreignMember, runId, startService, workflowId } from '../../../support/service.js'
import { storeKinds } from '../../../support/stores.js'

const folder = `acme/workflows/${workflowId}/runs/${runId}/users/${member.userId}/outputs/${'A'.repeat(22)}`
const missing = (index: number) => `/api/v1/objects/download?objectKey=${encodeURIComponent(`${folder}/${index}`)}`
const usage = '/api/v1/objects/storage-usage'
/** Nothing here needs a database. */
const noDatabase = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }

for (const [mode, kind] of ['redirect', 'stream'].flatMap((mode) => storeKinds.slice(0, 1).map((kind) => [mode, kind] as const))) {
  t.test(`downloads that find nothing, mode ${mode}`, async (t) => {
    const { app, ask, putFile, downloadPath, proxy } = await startDownloadService(t, kind, {
      DOWNLOAD_MODE: mode, DOWNLOAD_MISS_LIMIT: '3', EXISTENCE_TTL: '60',
    })
    const known = downloadPath(await putFile('known'))
    const unknown = downloadPath(await putFile('unknown'))
    const found = mode === 'redirect' ? 302 : 200

    t.test('what succeeds never counts', async (t) => {
      for (let index = 0; index < 10; index++) t.equal((await ask(known)).status, found)
      t.equal((await ask(known, { method: 'HEAD' })).status, 200)
    })

    t.test('a client that asked for too many is refused before the store is asked, and told when to retry', async (t) => {
      const asks = ['GET', 'HEAD', 'GET'] as const
      for (const [index, method] of asks.entries()) t.equal((await ask(missing(index), { method })).status, 404)
      const before = proxy.count()
      for (const method of ['GET', 'HEAD'] as const) {
        for (const path of [missing(9), unknown]) {
          const { status, headers, body } = await ask(path, { method })
          t.equal(status, 429)
          t.ok(Number(headers['retry-after']) > 0 && Number(headers['retry-after']) <= 60)
          t.equal(headers['cache-control'], 'no-store')
          if (method === 'GET') t.match(JSON.parse(body.toString()), { statusCode: 429, code: 'TOO_MANY_REQUESTS', error: 'Too Many Requests' })
        }
      }
      t.equal(proxy.count(), before)
    })

    if (mode === 'redirect') {
      t.test('files that are known to be there are answered all the same', async (t) => {
        t.equal((await ask(known)).status, 302)
        t.equal((await ask(known, { method: 'HEAD' })).status, 200)
        const objectKeys = [known, unknown].map((path) => new URL(path, 'http://localhost').searchParams.get('objectKey'))
        const answer = await app.inject({ method: 'POST', url: '/api/v1/objects/links', payload: { objectKeys } })
        t.equal(answer.statusCode, 200)
        t.match(answer.json().results, [{ link: { bytes: 5 } }, { error: { statusCode: 429, code: 'TOO_MANY_REQUESTS' } }])
        t.ok(Number(answer.headers['retry-after']) > 0)
      })
    }

    t.test('a minute later all is well again', async (t) => {
      pass(t, 61)
      t.equal((await ask(unknown)).status, found)
    })
  })
}

t.test('a file that is gone counts each time, though it was found a moment ago', async (t) => {
  const [kind] = storeKinds
  if (kind === undefined) throw new Error('There is no embedded store.')
  const { app, ask, putFile, downloadPath } = await startDownloadService(t, kind, { DOWNLOAD_MISS_LIMIT: '3', EXISTENCE_TTL: '60' })
  const objectKey = await putFile('soon gone')
  t.equal((await ask(downloadPath(objectKey))).status, 302)
  await app.minio.removeObject(app.storeTarget.bucket, objectKey)
  for (let index = 0; index < 3; index++) t.equal((await ask(downloadPath(objectKey), { method: 'HEAD' })).status, 404)
  t.equal((await ask(missing(1))).status, 429)
})

t.test('what no download can be does not count as a guess, and a key that no file can have does', async (t) => {
  const { app } = await startService(t, { ...noDatabase, DOWNLOAD_MISS_LIMIT: '2' })
  const ask = async (query: string, method: 'GET' | 'HEAD' = 'GET') =>
    (await app.inject({ method, url: `/api/v1/objects/download${query}` })).statusCode
  const links = async (payload: object) => (await app.inject({ method: 'POST', url: '/api/v1/objects/links', payload })).statusCode

  for (const query of ['', '?objectKey=', '?objectKey=a&type=show', '?objectKey=%zz', '?fbclid=1', '?objectKey=a&objectKey=a', '?objectKey=a&as=xml']) {
    for (const method of ['GET', 'HEAD'] as const) t.equal(await ask(query, method), 400)
  }
  for (const objectKeys of [[], [''], ['x'.repeat(1025)], 7]) t.equal(await links({ objectKeys }), 400)
  t.strictSame([await ask('?objectKey=not-a-key'), await ask('?objectKey=not-a-key', 'HEAD'), await ask('?objectKey=not-a-key')], [404, 404, 429])
  t.equal(await links({ objectKeys: ['not-a-key'] }), 429)
})

t.test('a minute begins with the first miss, and ends for a client that keeps asking, too', async (t) => {
  const { app } = await startService(t, { ...noDatabase, DOWNLOAD_MISS_LIMIT: '2', AUTH_FAILURE_LIMIT: '2' })
  const elapse = stopClock(t)
  for (const [url, refused] of [[missing(1), 404], [usage, 401]] as const) {
    const ask = async () => {
      const { statusCode, headers } = await app.inject(url)
      return [statusCode, headers['retry-after']]
    }
    const answers = []
    for (const elapsedMs of [0, 30_000, 30_001, 59_000, 59_999, 60_000, 119_999, 119_999, 120_000]) {
      elapse(elapsedMs)
      answers.push(await ask())
    }
    t.strictSame(answers, [
      [refused, undefined], [refused, undefined], [429, '30'], [429, '1'], [429, '1'],
      [refused, undefined], [refused, undefined], [429, '1'], [refused, undefined],
    ])
    elapse(0)
  }
})

t.test('requests without a valid token', async (t) => {
  const { app, authorise } = await startService(t, { ...noDatabase, AUTH_FAILURE_LIMIT: '3', EVENTS_TOKEN: 'the-events-token-1' })
  const send = async (headers: Record<string, string>, url = usage, method: 'GET' | 'POST' = 'GET') => (await app.inject({ method, url, headers })).statusCode

  t.test('are refused after too many, whatever the route', async (t) => {
    t.equal(await send({}), 401)
    t.equal(await send({ authorization: 'Bearer x' }, '/api/v1/objects/uploads', 'POST'), 401)
    t.equal(await send({ authorization: 'Bearer x' }, '/api/v1/objects/events', 'POST'), 401)
    t.equal(await send({ authorization: 'Bearer x' }), 429)
    t.equal(await send({ authorization: 'Bearer x' }, '/api/v1/objects/events', 'POST'), 429)
    const answer = await app.inject(usage)
    t.equal(answer.json().code, 'TOO_MANY_REQUESTS')
    t.ok(Number(answer.headers['retry-after']) > 0)
  })

  t.test('do not shut out the valid tokens of their address', async (t) => {
    t.equal(await send(authorise(member)), 503, 'let in, to where there is no database')
    t.equal(await send({ authorization: 'Bearer the-events-token-1' }, '/api/v1/objects/events', 'POST'), 422, 'let in, without a body')
  })

  t.test('do not slow downloads', async (t) => {
    t.equal(await send({}, missing(1)), 404)
  })
})

t.test('uploads are counted by user and organisation', async (t) => {
  const { app, authorise } = await startService(t, { UPLOAD_LIMIT: '2' })
  const upload = async (caller: typeof member) => (await app.inject({
    method: 'POST',
    url: '/api/v1/objects/uploads',
    headers: authorise(caller),
    payload: { workflowId, runId, direction: 'outputs', fileName: 'a.txt', contentType: 'text/plain' },
  })).statusCode
  const callers = [member, member, member, colleague, foreignMember, foreignMember, foreignMember, colleague, colleague]
  const answers = []
  for (const caller of callers) answers.push(await upload(caller))
  t.strictSame(answers, [201, 201, 429, 201, 201, 201, 429, 201, 429])
})

t.test('pages of lists are counted by user and organisation', async (t) => {
  const { app, authorise } = await startService(t, { ...noDatabase, LIST_LIMIT: '2' })
  const byKey = `/api/v1/objects?workflowId=${workflowId}&runId=${runId}`
  const list = async (caller: typeof member, url = `${byKey}&delimiter=/`) =>
    (await app.inject({ url, headers: authorise(caller) })).statusCode
  const answers = []
  for (const caller of [member, member, member, colleague, foreignMember]) answers.push(await list(caller))
  t.strictSame(answers, [503, 503, 429, 503, 503])
  t.equal(await list(member, '/api/v1/objects/workflows'), 429, 'all lists together')
  t.equal(await list(member, `/api/v1/objects/archive?workflowId=${workflowId}&runId=${runId}`), 429, 'and archives')
  t.equal(await list(member, byKey), 503, 'but the one that was there before there was a limit')
  t.equal((await app.inject({ url: usage, headers: authorise(member) })).statusCode, 503, 'and nothing else is')
})

t.test('links to selections are counted with other share links, and archives by a link with pages of it', async (t) => {
  const { app, authorise, putFile } = await startService(t, { SHARE_LIMIT: '2', LIST_LIMIT: '2' })
  const objectKey = await putFile('x')
  await app.bucketEvents.recount(objectKey, { wasStored: true })
  const make = async (url: string, payload: object) => await app.inject({ method: 'POST', url, headers: authorise(member), payload })
  const answers = [
    await make('/api/v1/objects/shares', { workflowId, runId }), await make('/api/v1/objects/archive', { objectKeys: [objectKey] }),
    await make('/api/v1/objects/archive', { objectKeys: [objectKey] }),
  ]
  t.strictSame(answers.map(({ statusCode }) => statusCode), [201, 201, 429])
  const { pathname } = new URL(answers[1]?.json().url)
  const open = async (path: string) => (await app.inject({ url: path, remoteAddress: '192.0.2.1' })).statusCode
  t.strictSame([await open(pathname), await open(`${pathname}/archive`), await open(`${pathname}/archive`)], [200, 200, 429])
})

t.test('addresses', async (t) => {
  const misses = async (app: Awaited<ReturnType<typeof startService>>['app'], forwardedFor: string, remoteAddress = '127.0.0.1') =>
    (await app.inject({ url: missing(1), remoteAddress, headers: { 'x-forwarded-for': forwardedFor } })).statusCode

  t.test('without TRUST_PROXY no header changes who a client is, and the log says what to set', async (t) => {
    const { app, log } = await startService(t, { ...noDatabase, DOWNLOAD_MISS_LIMIT: '1' })
    t.strictSame([await misses(app, '192.0.2.1'), await misses(app, '192.0.2.2')], [404, 429])
    t.match(log.join(''), 'set TRUST_PROXY')
  })

  t.test('behind a proxy that is trusted each client is one', async (t) => {
    const { app, log } = await startService(t, { ...noDatabase, DOWNLOAD_MISS_LIMIT: '1', TRUST_PROXY: '10.0.0.0/8' })
    t.strictSame([await misses(app, '192.0.2.1', '10.1.2.3'), await misses(app, '192.0.2.2', '10.1.2.3')], [404, 404])
    t.equal(await misses(app, '198.51.100.7, 192.0.2.1', '10.1.2.3'), 429, 'what the client itself wrote in front counts for nothing')
    t.strictSame([await misses(app, '192.0.2.8', '203.0.113.1'), await misses(app, '192.0.2.9', '203.0.113.1')], [404, 429], 'nor does another proxy')
    t.notMatch(log.join(''), 'set TRUST_PROXY')
  })

  t.test('of IPv6 the network of a customer is one client', async (t) => {
    const { app } = await startService(t, { ...noDatabase, DOWNLOAD_MISS_LIMIT: '1', TRUST_PROXY: '1' })
    t.strictSame(await Promise.all(['2001:db8:0:1::1', '2001:db8:0:2::1'].map((address) => misses(app, address))), [404, 404])
    t.equal(await misses(app, '2001:db8:0:1:ffff::2'), 429)
  })
})

t.test('in Redis', { skip: redisSkip }, async (t) => {
  t.test('replicas count together', async (t) => {
    const redis = await startRedis(t)
    const environment = { ...noDatabase, DOWNLOAD_MISS_LIMIT: '2', AUTH_FAILURE_LIMIT: '2', REDIS_URL: redis.url }
    const [one, other] = await Promise.all([startService(t, environment), startService(t, environment)])
    t.strictSame([(await one.app.inject(missing(1))).statusCode, (await other.app.inject(missing(2))).statusCode], [404, 404])
    t.strictSame([(await one.app.inject(missing(3))).statusCode, (await other.app.inject(missing(4))).statusCode], [429, 429])
    t.equal((await one.app.inject(usage)).statusCode, 401, 'another limit is counted by itself')
    const limited = await other.app.inject(missing(4))
    t.ok(Number(limited.headers['retry-after']) > 0 && Number(limited.headers['retry-after']) <= 60)
  })

  t.test('that stops, freezes and comes back, nobody waits long, and the log says so', async (t) => {
    const redis = await startRedis(t)
    const { app, nextLine } = await startService(t, { ...noDatabase, DOWNLOAD_MISS_LIMIT: '1', REDIS_URL: redis.url })
    const ask = async () => (await app.inject(missing(1))).statusCode
    t.strictSame([await ask(), await ask()], [404, 429])

    redis.freeze()
    const unkept = nextLine(({ msg }) => msg.startsWith('Redis does not answer'))
    t.equal(await ask(), 404)
    await unkept
    const kept = nextLine(({ msg }) => msg === 'limits apply again')
    redis.thaw()
    let status = 404
    while (status === 404) status = await ask()
    t.equal(status, 429)
    await kept

    await redis.stop()
    const unkeptAgain = nextLine(({ msg }) => msg.startsWith('Redis does not answer'))
    t.equal(await ask(), 404)
    await unkeptAgain
    await redis.restart()
    while (await ask() === 404);
    t.equal(await ask(), 429)
  })

  t.test('whose password changes with the file of its address, replicas continue to count', async (t) => {
    const redis = await startRedis(t)
    const superuser = new Redis(redis.url)
    t.teardown(() => { superuser.disconnect() })
    const setPassword = (password: string) =>
      superuser.call('acl', 'setuser', 'files', 'on', 'resetpass', `>${password}`, '~*', '&*', '+@all')
    const addressWith = (password: string) => redis.url.replace('//', `//files:${password}@`)
    await setPassword('first')
    const path = join(t.testdir({ address: addressWith('first') }), 'address')
    const { app, nextLine } = await startService(t, { ...noDatabase, DOWNLOAD_MISS_LIMIT: '1', REDIS_URL_FILE: path })
    const ask = async () => (await app.inject(missing(1))).statusCode
    t.strictSame([await ask(), await ask()], [404, 429])

    const readAgain = nextLine(({ msg }) => msg === 'secrets were read again from their files')
    await setPassword('second')
    await writeFile(path, addressWith('second'))
    await readAgain
    await superuser.call('client', 'kill', 'user', 'files')
    while (await ask() === 404);
    t.equal(await ask(), 429)
  })

  t.test('that was never there, the service starts and closes', async (t) => {
    const { app } = await startService(t, { ...noDatabase, DOWNLOAD_MISS_LIMIT: '1', REDIS_URL: 'redis://:secret@127.0.0.1:1' })
    t.strictSame([(await app.inject(missing(1))).statusCode, (await app.inject(missing(1))).statusCode], [404, 404])
  })
})
