import t from 'tap'
import { createListingCursors } from '../../../objects/listing-cursor.js'
import { RunFilesQuerySchema } from '../../../schemas/run-files.js'

const { seal, open } = createListingCursors('a secret of all replicas')

t.test('a cursor gives back the key that it was made of, on every replica with the secret', async (t) => {
  for (const objectKey of ['acme/a', 'acme/größe – 100%.txt', '']) {
    t.equal(open('run', seal('run', objectKey)), objectKey)
    t.equal(createListingCursors('a secret of all replicas').open('run', seal('run', objectKey)), objectKey)
  }
})

t.test('a cursor tells nothing of the key', async (t) => {
  const cursor = seal('run', 'acme/secret-token/report.pdf')
  t.notMatch(Buffer.from(cursor, 'base64url').toString('latin1'), /acme|secret|report/)
  t.not(seal('run', 'acme/secret-token/report.pdf'), cursor)
})

t.test('a cursor of another listing or another secret, and whatever was changed in one, is none', async (t) => {
  const cursor = seal('run', 'acme/a')
  t.equal(open('another run', cursor), undefined)
  t.equal(createListingCursors('another secret').open('run', cursor), undefined)
  for (let index = 0; index < cursor.length; index++) {
    const other = cursor[index] === 'A' ? 'B' : 'A'
    t.equal(open('run', cursor.slice(0, index) + other + cursor.slice(index + 1)), undefined)
    t.equal(open('run', cursor.slice(0, index)), undefined)
  }
  for (const text of [`${cursor}=`, `${cursor}A`, ` ${cursor}`, 'x', '?', 'A'.repeat(40)]) t.equal(open('run', text), undefined)
})

t.test('the cursor of the longest key fits into a query', async (t) => {
  const { maxLength = 0, pattern = '' } = RunFilesQuerySchema.properties.cursor
  const cursor = seal('run', 'ü'.repeat(512))
  t.ok(cursor.length <= maxLength)
  t.match(cursor, new RegExp(pattern))
})
