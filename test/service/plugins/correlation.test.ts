import t from 'tap'
import { redactObjectKey } from '../../../objects/redacted-key.js'
import { startService } from '../../support/service.js'

t.test('correlation', async (t) => {
  const { app, log, putFile, downloadPath } = await startService(t, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  const lines = () => log.map((line): Record<string, unknown> => JSON.parse(line))
  const send = async (url: string, headers: Record<string, string> = {}) => {
    log.length = 0
    const answer = await app.inject({ url, headers })
    if (log.length === 0) throw new Error('Nothing was logged.')
    return { id: answer.headers['x-request-id'], lines: lines() }
  }

  for (const id of ['f81d4fae-7dec-11d0-a765-00a0c91e6bf6', 'Root=1-67891233-abcdef012345678912345678', 'a', 'x'.repeat(128)]) {
    t.test(`the request id ${id} is answered and logged`, async (t) => {
      const sent = await send('/nowhere', { 'x-request-id': id })
      t.equal(sent.id, id)
      for (const { reqId } of sent.lines) t.equal(reqId, id)
    })
  }

  for (const id of ['', ' ', 'x'.repeat(129), 'two words', 'acme/workflows/x', 'line\\nbreak', '"', '<b>', 'é']) {
    t.test(`a request id ${JSON.stringify(id).slice(0, 20)} is replaced by another`, async (t) => {
      const first = await send('/nowhere', { 'x-request-id': id })
      const second = await send('/nowhere')
      t.match(first.id, /^[A-Za-z0-9_-]{8}-[0-9a-z]+$/)
      t.not(first.id, second.id)
      for (const { reqId } of first.lines) t.equal(reqId, first.id)
    })
  }

  t.test('errors carry it as well, where no route was found, and where the URL cannot be read', async (t) => {
    for (const url of ['/nowhere', '/%zz', '/api/v1/objects/storage-usage', '/api/v1/objects/download']) {
      t.equal((await send(url, { 'x-request-id': 'mine' })).id, 'mine', url)
    }
  })

  t.test('the trace of a valid traceparent is logged, and of no other', async (t) => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    for (const { traceId: logged } of (await send('/nowhere', { traceparent: `00-${traceId}-00f067aa0ba902b7-01` })).lines) t.equal(logged, traceId)
    for (const line of (await send('/nowhere', { traceparent: 'secret' })).lines) t.notOk('traceId' in line)
  })

  t.test('the outcome of a download is logged with a hash of the key', async (t) => {
    const objectKey = await putFile('x')
    for (const key of [objectKey, `${objectKey}x`, 'no-key-at-all']) {
      const { lines } = await send(downloadPath(key))
      t.match(lines.find(({ msg }) => msg === 'request completed'), { res: { object: redactObjectKey(key) } })
    }
    t.notMatch(log.join(''), 'no-key-at-all')
    const { lines } = await send('/nowhere')
    t.strictSame(lines.find(({ msg }) => msg === 'request completed')?.res, { statusCode: 404 })
  })
})
