import t from 'tap'
import { admin, member, runId, service, startService, workflowId } from '../../../../../support/service.js'

t.test('quotas', async (t) => {
  const { app, authorise, log, follow } = await startService(t)
  const set = async (quotaBytes: unknown, caller = service) => await app.inject({
    method: 'PUT', url: '/api/v1/objects/quota', headers: authorise(caller), payload: { quotaBytes },
  })
  const mint = async (sizeBytes?: number) => await app.inject({
    method: 'POST',
    url: '/api/v1/objects/uploads',
    headers: authorise(member),
    payload: { workflowId, runId, direction: 'outputs', fileName: 'f', contentType: 'text/plain', sizeBytes },
  })
  const usage = async () => (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(member) })).json()

  t.test('only a service sets one, of its own organisation', async (t) => {
    for (const caller of [member, admin]) t.match((await set(1, caller)).json(), { statusCode: 403, code: 'FORBIDDEN' })
    t.equal((await app.inject({ method: 'PUT', url: '/api/v1/objects/quota', payload: { quotaBytes: 1 } })).statusCode, 401)
    const answer = await set(1000)
    t.equal(answer.statusCode, 200)
    t.strictSame(answer.json(), { orgKey: 'acme', quotaBytes: 1000 })
    t.equal((await set(5, { ...service, orgKey: 'other' })).json().orgKey, 'other')
    t.equal((await usage()).quotaBytes, 1000)
  })

  t.test('what is not a number of bytes is answered with 400', async (t) => {
    for (const wrong of [-1, 1.5, '1', 2 ** 53, true, undefined]) {
      t.match((await set(wrong)).json(), { statusCode: 400, code: 'INVALID_REQUEST' }, String(wrong))
    }
    const named = await app.inject({
      method: 'PUT', url: '/api/v1/objects/quota', headers: authorise(service), payload: { quotaBytes: 1, orgKey: 'other' },
    })
    t.equal(named.statusCode, 400)
  })

  t.test('an upload beyond it is refused, and so is one of no stated size', async (t) => {
    await set(1000)
    t.equal((await mint(1000)).statusCode, 201)
    t.match((await mint(1)).json(), { statusCode: 507, code: 'QUOTA_EXCEEDED', error: 'Insufficient Storage' })
    t.match((await mint()).json(), { statusCode: 400, code: 'SIZE_REQUIRED' })
    t.notOk(log.some((line) => line.includes('leaves no room')), 'that is not a failure of the service')
  })

  t.test('a file that arrives counts in place of its reservation', async (t) => {
    await set(2000)
    const { url, headers } = (await mint(5)).json()
    t.equal((await follow(url, { method: 'PUT', body: 'hello', headers })).status, 200)
    await app.bucketEvents.settled()
    t.match(await usage(), { totalBytes: 5, quotaBytes: 2000 })
    t.equal((await mint(995)).statusCode, 201)
    t.equal((await mint(1)).statusCode, 507)
  })

  t.test('null removes it', async (t) => {
    t.strictSame((await set(null)).json(), { orgKey: 'acme', quotaBytes: null })
    t.notOk('quotaBytes' in await usage())
    t.equal((await mint()).statusCode, 201)
  })
})
