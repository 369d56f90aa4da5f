import t from 'tap'
import { strictTransportSeconds } from '../../../http/strict-transport-security.js'

t.test('where the service\'s public address is one of https, browsers keep to it for a year', async (t) => {
  t.equal(strictTransportSeconds('https://files.example.com'), 31_536_000)
})

t.test('any other address, or none that is known, says nothing', async (t) => {
  for (const publicUrl of [undefined, 'https://example.com/files', 'http://files.example.com', 'httpsx://files.example.com', 'http://https:']) {
    t.equal(strictTransportSeconds(publicUrl), undefined, String(publicUrl))
  }
})
