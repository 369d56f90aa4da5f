import fc from 'fast-check'
import t from 'tap'
import { startService } from '../../../support/service.js'

const { app, putFile, downloadPath } = await startService(t)
const part = fc.constantFrom(
  '%', 'a', '2', '7', '/', '%2', '%41', '%0a', '%2f', '%7F', '%80', '%8f', '%C3%A4', '%c3', '%E2%82%AC', '%ff',
  '%2g', '%7G', '%2@', '%2`', '%3:', '%4/', '%/1', '%g1', '%zz',
)

function isUtf8 (text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

t.test('a query is refused where, and only where, it is not percent-encoded UTF-8', async () => {
  await fc.assert(fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
    const query = parts.join('')
    const { statusCode } = await app.inject(`/api/v1/objects/download?objectKey=x${query}`)
    return statusCode === (isUtf8(query) ? 404 : 400)
  }), { numRuns: 300 })
})

t.test('how a parameter is written that is not known does not matter on links that people pass on', async () => {
  const link = downloadPath(await putFile('x', { fileName: 'Übersicht.txt' }))
  await fc.assert(fc.asyncProperty(fc.array(part, { maxLength: 6 }), fc.constantFrom('GET', 'HEAD'), async (parts, method) => {
    const name = parts.join('').replaceAll('/', '')
    const answers = await Promise.all([
      app.inject({ method, url: `${link}&campaign=${parts.join('')}` }),
      app.inject({ method, url: `${link.replace('?', `?${name}=1&`)}` }),
    ])
    return answers.every(({ statusCode }) => statusCode === (method === 'GET' ? 302 : 200))
  }), { numRuns: 100 })
})

t.test('a parameter that is known is read strictly, however its name is written', async (t) => {
  for (const parameters of ['objectKey=%zz', '%6fbjectKey=%ff', 'type=%zz', 'as=%zz']) {
    t.equal((await app.inject(`/api/v1/objects/download?objectKey=x&${parameters}`)).statusCode, 400, parameters)
  }
})

t.test('a route that refuses parameters which it does not know refuses to read them', async (t) => {
  for (const url of ['/api/v1/objects?x=%zz', '/api/v1/objects/storage-usage?x=%zz']) t.equal((await app.inject(url)).statusCode, 400, url)
})

t.test('pages do not mind what is appended to their address', async (t) => {
  for (const url of ['/app', '/app/links', '/documentation/', '/health/live']) {
    t.equal((await app.inject(`${url}?fbclid=1&x=%zz&y=%ff`)).statusCode, 200, url)
  }
})
