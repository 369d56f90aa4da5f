import { type Server, createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { auditSums } from '../../../db/usage/audit.js'
import { mintObjectKey } from '../../../objects/object-key.js'
import { listenLocally } from '../../support/listen.js'
import { subscribe } from '../../support/notification-relay.js'
import { member, runId, startService, type TestService, workflowId } from '../../support/service.js'
import { storeKinds } from '../../support/stores.js'

const token = 'a-token-of-the-object-store'
const prefixes = { one: 'teams/one/', other: 'teams/other/', whole: '' }
const mint = (path: string) =>
  mintObjectKey({ orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path })

/** Sizes reveal whose files are counted. */
const bodyOf = (who: string, index: number) => who.repeat(index + 1)
const usageExpectedOf = (who: string) => {
  const totalBytes = Array.from({ length: 20 }, (_, index) => bodyOf(who, index).length).reduce((sum, size) => sum + size)
  return { totalBytes, fileCount: 20 }
}

/** Passes every notification of the bucket to all services that share it. */
async function startRelay (t: Test, apps: FastifyInstance[]): Promise<Server> {
  const server = createServer((request, response) => {
    const pass = async () => {
      const payload = await buffer(request)
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      await Promise.all(apps.map((app) => app.inject({ method: 'POST', url: '/api/v1/objects/events', headers, payload })))
      response.end()
    }
    pass().catch(() => { response.destroy() })
  })
  await listenLocally(t, server)
  return server
}

// One kind is enough, since the test takes three databases: a real store if there is one.
for (const { name, skip, open } of storeKinds.filter((kind) => kind.skip === false).slice(-1)) {
  t.test(`services that share a bucket never see each other's files: ${name}`, { skip }, async (t) => {
    const { environment, close } = await open()
    t.teardown(close)
    const start = async (prefix: string) =>
      await startService(t, { ...environment, EVENTS_TOKEN: token, ...prefix === '' ? {} : { S3_PREFIX: prefix } })
    const whole = await start(prefixes.whole)
    const services = { one: await start(prefixes.one), other: await start(prefixes.other), whole }
    const all = Object.values(services)

    const usageOf = async ({ app, authorise }: TestService) => {
      const { totalBytes, fileCount } = (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(member) })).json()
      return { totalBytes, fileCount }
    }
    const upload = async ({ app, authorise, follow }: TestService, path: string, body: string): Promise<string> => {
      const place = (await app.inject({
        method: 'POST',
        url: '/api/v1/objects/uploads',
        headers: authorise(member),
        payload: { workflowId, runId, direction: 'outputs', path, contentType: 'text/plain', sizeBytes: body.length },
      })).json()
      t.equal((await follow(place.url, { method: 'PUT', headers: place.headers, body })).status, 200)
      return place.objectKey
    }
    const namesInBucket = async () => {
      const names: string[] = []
      for await (const { name } of whole.app.minio.listObjectsV2(whole.app.storeTarget.bucket, '', true)) names.push(String(name))
      return names
    }

    const relay = await startRelay(t, all.map(({ app }) => app))
    const hasTopics = name === 'real S3' && await subscribe(whole.app, relay)

    const keys = { one: [] as string[], other: [] as string[], whole: [] as string[] }
    t.test('60 uploads at once by three services', async (t) => {
      await Promise.all(Array.from({ length: 20 }, async (_, index) => {
        for (const [who, service] of [['one', services.one], ['other', services.other], ['whole', whole]] as const) {
          keys[who].push(await upload(service, `folder/${who} ${index}.txt`, bodyOf(who, index)))
        }
      }))
      const named = (who: keyof typeof prefixes) => keys[who].map((key) => prefixes[who] + key)
      const expected = [...named('one'), ...named('other'), ...named('whole')]
      t.strictSame((await namesInBucket()).sort(), expected.sort())
      t.equal(new Set(expected).size, 60)
    })

    if (hasTopics) {
      t.test('the bucket\'s notifications, which all of them get, are counted by the one that they are for', async (t) => {
        for (const [who, service] of Object.entries(services)) t.strictSame(await usageOf(service), usageExpectedOf(who), who)
      })
    }

    t.test('reconciles at once count for each service its own', async (t) => {
      await Promise.all(all.map(async ({ app }) => { await (await app.reconciliation.start({ prefix: '' }))?.done }))
      for (const [who, service] of Object.entries(services)) {
        t.strictSame(await usageOf(service), usageExpectedOf(who), who)
        t.strictSame(await auditSums(service.app.database), [])
      }
      const dry = await whole.app.reconciliation.start({ prefix: '', dryRun: true })
      t.equal((await dry?.done)?.foreignCount, 40, 'those of the others are foreign')
    })

    t.test('60 downloads at once lead to the file of the service that has it, and nowhere from the others', async (t) => {
      const [oneKey = ''] = keys.one
      const askers = Array.from({ length: 20 }).flatMap(() => all)
      const answers = await Promise.all(askers.map(async ({ app, follow, downloadPath }) => {
        const response = await app.inject(downloadPath(oneKey))
        const { location } = response.headers
        if (typeof location !== 'string') return response.statusCode
        const file = await follow(location)
        return `${file.headers.get('content-disposition')} ${await file.text()}`
      }))
      t.equal(answers.filter((answer) => answer === 404).length, 40)
      const found = new Set(answers.filter((answer) => answer !== 404))
      t.equal(found.size, 1)
      t.match([...found][0], /^attachment; .*\.txt (one)+$/)
    })

    t.test('no answer or event names the prefix, and a console\'s folder is not a file', async (t) => {
      const { app, authorise, log } = services.one
      await whole.app.minio.putObject(whole.app.storeTarget.bucket, prefixes.one, '')
      await (await app.reconciliation.start({ prefix: '' }))?.done
      t.match(await usageOf(services.one), { fileCount: 20 })
      const list = await app.inject({ url: `/api/v1/objects?workflowId=${workflowId}&runId=${runId}`, headers: authorise(member) })
      t.notMatch(list.body, /teams/)
      t.notMatch(log.join(''), /teams\/one/)
    })

    t.test('a deleted file is gone for the service that had it, and no other file is', async (t) => {
      const [oneKey = ''] = keys.one
      const remove = async ({ app, authorise }: TestService) => (await app.inject({
        method: 'DELETE', url: `/api/v1/objects?objectKey=${encodeURIComponent(oneKey)}`, headers: authorise(member),
      })).statusCode
      t.equal(await remove(services.other), 404)
      t.equal(await remove(whole), 404)
      t.equal(await remove(services.one), 200)
      t.equal((await namesInBucket()).length, 60, '59 files and the folder')
    })

    t.test('a key for which the prefix leaves no room is of no file, and the store is not asked', async (t) => {
      const folders = `${'d'.repeat(200)}/`.repeat(3)
      const longest = mint('x').replace(/x$/, `${folders}${'f'.repeat(1024 - mint('x').length + 1 - folders.length)}`)
      t.equal(longest.length, 1024)
      for (const { app, authorise, downloadPath } of [services.one, whole]) {
        t.equal((await app.inject(downloadPath(longest))).statusCode, 404)
        const links = await app.inject({
          method: 'POST', url: '/api/v1/objects/links', headers: authorise(member), payload: { objectKeys: [longest] },
        })
        t.match(links.json(), { results: [{ error: { code: 'OBJECT_NOT_FOUND' } }] })
        const deleted = await app.inject({
          method: 'DELETE', url: `/api/v1/objects?objectKey=${encodeURIComponent(longest)}`, headers: authorise(member),
        })
        t.equal(deleted.statusCode, 404)
      }
    })

    // While its notifications are still received: the store delivers them before it answers.
    const { minio, storeTarget: { bucket } } = whole.app
    await Promise.all((await namesInBucket()).map((objectName) => minio.removeObject(bucket, objectName)))
  })
}
