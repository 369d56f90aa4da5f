import { sql } from 'kysely'
import t from 'tap'
import { takeDueSnapshots, utcDay } from '../../../../../../db/usage/snapshots.js'
import { admin, colleague, foreignAdmin, member, service, startService, workflowId } from '../../../../../support/service.js'

t.test('usage over time', async (t) => {
  const { app, authorise, putFile } = await startService(t)
  const ask = async (query = '', caller = admin) =>
    await app.inject({ url: `/api/v1/objects/storage-usage/history${query}`, headers: authorise(caller) })
  const today = utcDay(new Date())
  const yesterday = utcDay(new Date(), 1)
  await putFile('x'.repeat(70))
  await app.bucketEvents.settled()
  await takeDueSnapshots(app.database, { now: sql<Date>`${`${yesterday}T12:00:00Z`}::timestamptz` })
  await takeDueSnapshots(app.database, { now: sql<Date>`${`${today}T00:00:05Z`}::timestamptz` })
  await putFile('x'.repeat(30))
  await app.bucketEvents.settled()
  const day = (date: string, outputBytes: number, fileCount: number) =>
    ({ date, totalBytes: outputBytes, inputBytes: 0, outputBytes, fileCount, isFilled: false })

  t.test('without any dates it covers thirty days, until now, and is the same for everyone in the organisation', async (t) => {
    for (const caller of [admin, member, service]) {
      const answer = await ask('', caller)
      t.equal(answer.statusCode, 200)
      t.match(answer.headers, { 'cache-control': 'private, no-cache', vary: 'authorization' })
      t.strictSame(answer.json(), {
        orgKey: 'acme', from: utcDay(new Date(), 29), to: today, days: [day(yesterday, 70, 1), day(today, 100, 2)],
      })
    }
  })

  t.test('another organisation has its own', async (t) => {
    t.strictSame((await ask('', { ...admin, orgKey: 'other' })).json().days, [day(today, 0, 0)])
  })

  t.test('dates choose the days, both ends included', async (t) => {
    t.strictSame((await ask(`?from=${yesterday}&to=${yesterday}`)).json(), {
      orgKey: 'acme', from: yesterday, to: yesterday, days: [day(yesterday, 70, 1)],
    })
    t.equal((await ask(`?to=${yesterday}`)).json().from, utcDay(new Date(), 30))
  })

  t.test('a workflow has its own days', async (t) => {
    t.strictSame((await ask(`?workflowId=${workflowId}`)).json().days, [day(yesterday, 70, 1), day(today, 100, 2)])
    t.strictSame((await ask(`?workflowId=${admin.userId}`)).json().days, [day(yesterday, 0, 0), day(today, 0, 0)])
  })

  t.test('a user\'s own days are for the user, and an admin of the organisation', async (t) => {
    for (const caller of [member, admin]) {
      const answer = await ask(`?createdBy=${member.userId.toUpperCase()}`, caller)
      t.equal(answer.statusCode, 200)
      t.strictSame(answer.json(), {
        orgKey: 'acme', from: utcDay(new Date(), 29), to: today, days: [day(yesterday, 70, 1), day(today, 100, 2)],
      })
    }
    t.strictSame((await ask(`?createdBy=${colleague.userId}`)).json().days, [day(today, 0, 0)])
    t.strictSame((await ask(`?createdBy=${member.userId}`, foreignAdmin)).json().days, [day(today, 0, 0)])
    for (const caller of [colleague, service]) {
      const answer = await ask(`?createdBy=${member.userId}`, caller)
      t.strictSame([answer.statusCode, answer.json().code], [403, 'FORBIDDEN'])
    }
  })

  t.test('a user\'s days in a workflow are not kept', async (t) => {
    const answer = await ask(`?createdBy=${member.userId}&workflowId=${workflowId}`, member)
    t.match(answer.json(), { statusCode: 400, message: /exclude each other/ })
  })

  t.test('400 days may be asked for at once, 401 may not', async (t) => {
    t.equal((await ask('?from=2025-01-01&to=2026-02-04')).statusCode, 200)
    t.equal((await ask('?from=2025-01-01&to=2026-02-05')).statusCode, 400)
  })

  t.test('days that are none, out of order or unknown parameters are answered with 400', async (t) => {
    for (const query of [
      '?from=yesterday', '?to=2026-02-29', '?from=2026-1-1', '?to=0000-01-01', '?to=2026-01-01T00:00:00Z', '?from=', '?to=%00',
      '?from=2026-01-02&to=2026-01-01', '?workflowId=x', '?createdBy=x', '?user=x',
    ]) {
      const answer = await ask(query)
      t.strictSame([answer.statusCode, answer.json().code], [400, 'INVALID_REQUEST'], query)
    }
  })

  t.test('without a token there is no answer', async (t) => {
    t.equal((await app.inject('/api/v1/objects/storage-usage/history')).statusCode, 401)
  })
})
