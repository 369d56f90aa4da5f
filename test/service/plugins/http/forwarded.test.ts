import t from 'tap'
import { member, runId, startService, workflowId } from '../../../support/service.js'

const payload = { workflowId, runId, direction: 'outputs', fileName: 'a.txt', contentType: 'text/plain' }

t.test('the origin that links are made with', async (t) => {
  const { app: behind, authorise } = await startService(t, { TRUST_PROXY: '10.0.0.0/8' })
  const { app: alone } = await startService(t)
  const originOf = async (app: typeof behind, headers: Record<string, string>, remoteAddress = '10.1.2.3') => {
    const answer = await app.inject({
      method: 'POST', url: '/api/v1/objects/uploads', remoteAddress, headers: { host: 'inner:3000', ...authorise(member), ...headers }, payload,
    })
    t.equal(answer.statusCode, 201)
    return new URL(answer.json().downloadUrl).origin
  }

  for (const [proto, host, expected] of [
    ['https', 'files.example.com', 'https://files.example.com'],
    ['HTTPS', 'files.example.com', 'https://files.example.com'],
    ['https, http', 'files.example.com', 'https://files.example.com'],
    ['https,http', 'files.example.com, middle, inner:3000', 'https://files.example.com'],
    ['http, https', 'files.example.com:8080', 'http://files.example.com:8080'],
    ['javascript', 'files.example.com', 'http://files.example.com'],
  ] as const) {
    t.test(`behind a proxy that forwards ${proto} and ${host} is ${expected}`, async (t) => {
      t.equal(await originOf(behind, { 'x-forwarded-proto': proto, 'x-forwarded-host': host }), expected)
    })
  }

  t.test('is that of the request where nobody who is trusted forwards it', async (t) => {
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'files.example.com' }
    t.equal(await originOf(behind, forwarded, '192.0.2.1'), 'http://inner:3000')
    t.equal(await originOf(alone, forwarded), 'http://inner:3000')
    t.equal(await originOf(behind, {}), 'http://inner:3000')
  })
})
