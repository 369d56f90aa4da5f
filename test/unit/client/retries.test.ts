import t from 'tap'
import { createClient } from '../../../client/index.js'
import { readRetryAfter, retrying } from '../../../client/uploads/retries.js'
import { askOnce } from '../../../client/uploads/service-answer.js'
import { UploadError } from '../../../client/uploads/upload-error.js'

const patience = { attempts: 3, timeoutMs: 60_000, signal: new AbortController().signal }
const transient = (retryAfterMs?: number) => new UploadError('STORE_UNAVAILABLE', 'Busy.', { isTransient: true, retryAfterMs })

t.test('Retry-After is read in either form', async (t) => {
  const read = (value?: string) => readRetryAfter(new Response(null, { headers: value === undefined ? {} : { 'retry-after': value } }))
  t.equal(read('7'), 7000)
  t.equal(read('0'), 0)
  t.equal(read(), undefined)
  t.equal(read('soon'), undefined)
  t.equal(read('Wed, 21 Oct 2015 07:28:00 GMT'), 0)
  const waitMs = read(new Date(Date.now() + 3600_000).toUTCString()) ?? 0
  t.ok(waitMs > 3500_000 && waitMs <= 3600_000)
})

t.test('delays double, with jitter, unless the answer says how long to wait', async (t) => {
  const delays: number[] = []
  t.intercept(globalThis, 'setTimeout', {
    value: (callback: () => void, delayMs: number) => {
      delays.push(delayMs)
      queueMicrotask(callback)
    },
  })
  await t.rejects(retrying({ ...patience, attempts: 9 }, async () => { throw transient() }), { code: 'STORE_UNAVAILABLE' })
  t.equal(delays.length, 8)
  for (const [index, delayMs] of delays.entries()) {
    const longest = Math.min(30_000, 500 * 2 ** index)
    t.ok(delayMs >= longest / 2 && delayMs <= longest, `${delayMs}`)
  }
  delays.length = 0
  await t.rejects(retrying(patience, async () => { throw transient(1234) }))
  t.strictSame(delays, [1234, 1234])
})

t.test('what fails for good is not tried again', async (t) => {
  let count = 0
  const lasting = new UploadError('QUOTA_EXCEEDED', 'Full.', { status: 507 })
  await t.rejects(retrying(patience, async () => { count++; throw lasting }), lasting)
  t.equal(count, 1)
})

t.test('a signal ends a delay', async (t) => {
  const stop = new AbortController()
  const waiting = retrying({ ...patience, signal: stop.signal }, async () => { throw transient(3600_000) })
  setImmediate(() => { stop.abort(new Error('enough')) })
  await t.rejects(waiting, { message: 'enough' })
})

t.test('an answer is told by its code, or by its status where something between answers', async (t) => {
  const ask = (answer: Response) => {
    const client = createClient({ baseUrl: 'http://files.example' })
    return askOnce(patience, (signal) => client.GET('/api/v1/objects/storage-usage', { signal, fetch: async () => answer }))
  }
  const refusal = (status: number, code: string) => Response.json({ statusCode: status, code, error: 'x', message: 'y' }, { status })
  await t.rejects(ask(refusal(507, 'QUOTA_EXCEEDED')), { code: 'QUOTA_EXCEEDED', status: 507, isTransient: false })
  await t.rejects(ask(refusal(502, 'STORE_REFUSED')), { code: 'STORE_REFUSED', isTransient: false })
  await t.rejects(ask(refusal(503, 'OVERLOADED')), { code: 'OVERLOADED', isTransient: true })
  await t.rejects(ask(new Response('<h1>Bad gateway</h1>', { status: 502 })), { code: 'UNEXPECTED_ANSWER', status: 502, isTransient: true })
  await t.rejects(ask(new Response('<h1>Hello</h1>')), { code: 'NETWORK_FAILED', isTransient: true })
  await t.rejects(ask(new Response('', { status: 401, headers: { 'content-length': '0' } })), { code: 'UNEXPECTED_ANSWER', isTransient: false })
})
