import fc from 'fast-check'
import t from 'tap'
import { startService } from '../../../support/service.js'

const { app } = await startService(t)
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
    const { statusCode } = await app.inject(`/health/live?q=${query}`)
    return statusCode === (isUtf8(query) ? 200 : 400)
  }), { numRuns: 300 })
})
