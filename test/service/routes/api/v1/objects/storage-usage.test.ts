import t from 'tap'
import { mintObjectKey } from '../../../../../../objects/object-key.js'
import { admin, member, runId, service, startService, workflowId } from '../../../../../support/service.js'

t.test('storage usage', async (t) => {
  const { app, authorise, putFile } = await startService(t)
  const usage = async (caller = admin, query = '') =>
    await app.inject({ url: `/api/v1/objects/storage-usage${query}`, headers: authorise(caller) })
  const nameWorkflow = async (caller = admin, payload: object = { name: 'Nightly' }, id = workflowId) =>
    await app.inject({ method: 'PUT', url: `/api/v1/objects/workflows/${id}`, headers: authorise(caller), payload })

  t.test('an organisation without files has zeros', async (t) => {
    t.strictSame((await usage()).json(), {
      orgKey: 'acme',
      totalBytes: 0,
      inputBytes: 0,
      outputBytes: 0,
      fileCount: 0,
      asOf: null,
      countedAt: null,
      reconciledAt: null,
      unfinishedBytes: null,
      unfinishedAsOf: null,
      breakdown: [],
    })
  })

  t.test('files put into the store are counted to the byte, overwrites and removals too', async (t) => {
    const kept = await putFile('x'.repeat(1000))
    const overwritten = await putFile('x'.repeat(70))
    const removed = await putFile('x'.repeat(5))
    await putFile('x'.repeat(7), { objectKey: overwritten })
    await app.minio.removeObject(app.storeTarget.bucket, removed)
    await app.bucketEvents.settled()
    const { asOf, countedAt, ...figures } = (await usage()).json()
    t.ok(Math.abs(Date.now() - Date.parse(asOf)) < 60_000)
    t.ok(Math.abs(Date.now() - Date.parse(countedAt)) < 60_000)
    t.strictSame(figures, {
      orgKey: 'acme',
      totalBytes: 1007,
      inputBytes: 0,
      outputBytes: 1007,
      fileCount: 2,
      reconciledAt: null,
      unfinishedBytes: null,
      unfinishedAsOf: null,
      breakdown: [{ workflowId, workflowName: workflowId, bytes: 1007, fileCount: 2 }],
    })
    t.ok(kept)
  })

  t.test('a client that has the figures is told that nothing has changed, until something does', async (t) => {
    const ask = async (entityTag: string) => await app.inject({
      url: '/api/v1/objects/storage-usage', headers: { ...authorise(admin), 'if-none-match': entityTag },
    })
    const { headers: { etag, ...headers } } = await usage()
    // A cache in between must not show one caller's figures to another.
    const notForOthers = { 'cache-control': 'private, no-cache', vary: 'authorization' }
    t.match(headers, { 'content-type': 'application/json; charset=utf-8', ...notForOthers })
    const entityTag = String(etag)
    t.match(entityTag, /^W\/"[\w-]+"$/)
    for (const header of [entityTag, entityTag.replace('W/', ''), `"other", ${entityTag}`, '*']) {
      const answer = await ask(header)
      t.strictSame([answer.statusCode, answer.body, answer.headers.etag], [304, '', entityTag], header)
      t.match(answer.headers, notForOthers)
    }
    t.equal((await ask('"other"')).statusCode, 200)
    const added = await putFile('one more')
    await app.bucketEvents.settled()
    const changed = await ask(entityTag)
    t.equal(changed.statusCode, 200)
    t.not(changed.headers.etag, entityTag)
    await app.minio.removeObject(app.storeTarget.bucket, added)
    await app.bucketEvents.settled()
  })

  t.test('events that arrive late show by when the newest was counted, in the usage of their organisation and user alone', async (t) => {
    const hourMs = 3_600_000
    const receive = async ({ orgKey, userId }: typeof member, agoMs: number) => {
      const key = mintObjectKey({ orgKey, workflowId, runId, createdBy: userId, direction: 'inputs', path: `${agoMs}.txt` })
      const eventTime = new Date(Date.now() - agoMs)
      await app.bucketEvents.receive({
        Records: [{
          eventSource: 'minio:s3',
          eventName: 's3:ObjectCreated:Put',
          eventTime: eventTime.toISOString(),
          s3: { bucket: { name: app.storeTarget.bucket }, object: { key: encodeURIComponent(key), size: 1, eTag: 'e', sequencer: '1' } },
        }],
      }, 'http')
      return eventTime.toISOString()
    }
    const times = async (caller: typeof member, query = '') => {
      const { asOf, countedAt } = (await usage(caller, query)).json()
      return { asOf, hoursLate: asOf === null ? null : Math.floor((Date.parse(countedAt) - Date.parse(asOf)) / hourMs) }
    }
    const [late, foreign] = [{ ...admin, orgKey: 'late' }, { ...admin, orgKey: 'in-time' }]
    const colleagues = { ...member, orgKey: late.orgKey }
    const [threeHours, twoHours] = [await receive(late, 3 * hourMs), await receive(colleagues, 2 * hourMs)]
    const inTime = await receive(foreign, 0)
    t.strictSame(await times(late), { asOf: twoHours, hoursLate: 2 })
    t.strictSame(await times(late, `?createdBy=${late.userId}`), { asOf: threeHours, hoursLate: 3 })
    t.strictSame(await times(foreign), { asOf: inTime, hoursLate: 0 })
    t.strictSame(await times({ ...admin, orgKey: 'nobody' }), { asOf: null, hoursLate: null })
    const latest = await receive(late, 0)
    await receive(late, 5 * hourMs)
    t.strictSame(await times(late), { asOf: latest, hoursLate: 0 }, 'an older one that comes later is not the newest')
  })

  t.test('a service and an admin may name a workflow, a member may not', async (t) => {
    t.equal((await nameWorkflow(member)).statusCode, 403)
    t.equal((await nameWorkflow(service, { name: 'Daily' })).statusCode, 200)
    const answer = await nameWorkflow(admin)
    t.strictSame(answer.json(), { workflowId, workflowName: 'Nightly' })
    t.match((await usage()).json().breakdown, [{ workflowName: 'Nightly' }])
  })

  t.test('an invalid name is answered with 400', async (t) => {
    for (const payload of [{}, { name: '' }, { name: 7 }, { name: 'a\nb' }, { name: 'x'.repeat(201) }, { name: 'x', more: 1 }]) {
      t.equal((await nameWorkflow(admin, payload)).statusCode, 400)
    }
    t.equal((await nameWorkflow(admin, { name: 'x' }, 'not-a-uuid')).statusCode, 400)
  })

  t.test('a name of one organisation does not show in another', async (t) => {
    t.equal((await nameWorkflow({ ...admin, orgKey: 'other' }, { name: 'Theirs' })).statusCode, 200)
    t.match((await usage()).json().breakdown, [{ workflowName: 'Nightly' }])
    t.strictSame((await usage({ ...admin, orgKey: 'other' })).json().breakdown, [])
  })

  t.test('an admin may ask for anyone, anyone else for themselves', async (t) => {
    t.equal((await usage(admin, `?createdBy=${member.userId}`)).json().totalBytes, 1007)
    t.equal((await usage(member, `?createdBy=${member.userId}`)).json().totalBytes, 1007)
    t.equal((await usage(admin, `?createdBy=${admin.userId}`)).json().totalBytes, 0)
    for (const caller of [member, service]) {
      const answer = await usage(caller, `?createdBy=${admin.userId}`)
      t.equal(answer.statusCode, 403)
      t.equal(answer.json().code, 'FORBIDDEN')
    }
  })

  t.test('a createdBy that is not a UUID is answered with 400', async (t) => {
    for (const createdBy of ['', 'me', `urn:uuid:${member.userId}`, `{${member.userId}}`]) {
      t.equal((await usage(admin, `?createdBy=${encodeURIComponent(createdBy)}`)).statusCode, 400)
    }
    t.equal((await usage(admin, `?createdBy=${member.userId}&createdBy=${member.userId}`)).statusCode, 400)
    t.equal((await usage(admin, '?user=x')).statusCode, 400)
  })

  t.test('without a token there is no answer', async (t) => {
    t.equal((await app.inject('/api/v1/objects/storage-usage')).statusCode, 401)
  })
})
