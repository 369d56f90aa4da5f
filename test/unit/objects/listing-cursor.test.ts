import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto'
import t from 'tap'
import { createListingCursors } from '../../../objects/listing-cursor.js'
import { RunFilesQuerySchema } from '../../../schemas/run-files.js'

const secrets = { current: 'a secret of all replicas', others: [] }
const { seal, open } = createListingCursors(secrets)

t.test('a cursor gives back the key that it was made of, on every replica with the secret', async (t) => {
  for (const objectKey of ['acme/a', 'acme/größe – 100%.txt', '']) {
    t.equal(open('run', seal('run', objectKey)), objectKey)
    t.equal(createListingCursors({ ...secrets }).open('run', seal('run', objectKey)), objectKey)
  }
})

t.test('a cursor that was handed out by an earlier build is opened', async (t) => {
  t.equal(open('run', 'AQRomFaU5Z0xXx-WHM8B8-Ow_R0PwmXYJ8e7oFvg0d1yHt3jRpvbRt366dFk'), 'acme/größe')
})

t.test('a cursor outlives a change of the secret', async (t) => {
  const after = createListingCursors({ current: 'another secret', others: [secrets.current] })
  t.equal(after.open('run', seal('run', 'acme/a')), 'acme/a')
})

t.test('a cursor of another listing or another secret, or one changed in any way, is invalid', async (t) => {
  const cursor = seal('run', 'acme/a')
  t.equal(open('another run', cursor), undefined)
  t.equal(createListingCursors({ current: 'another secret', others: [] }, 'a third').open('run', cursor), undefined)
  for (let index = 0; index < cursor.length; index++) {
    const other = cursor[index] === 'A' ? 'B' : 'A'
    t.equal(open('run', cursor.slice(0, index) + other + cursor.slice(index + 1)), undefined)
    t.equal(open('run', cursor.slice(0, index)), undefined)
  }
  for (const text of [`${cursor}=`, `${cursor}A`, ` ${cursor}`, 'x', '?', 'A'.repeat(40)]) t.equal(open('run', text), undefined)
})

t.test('a cursor of version 0.1 is opened, for its listing alone', async (t) => {
  const storeSecret = 'secret key of the store'
  const first = sealAsVersion01(storeSecret, 'run', 'acme/a')
  const cursors = createListingCursors(secrets, storeSecret)
  t.equal(cursors.open('run', sealAsVersion01(storeSecret, 'run', '')), '')
  t.equal(cursors.open('run', first), 'acme/a')
  t.equal(cursors.open('another run', first), undefined)
  t.equal(createListingCursors(secrets, 'another').open('run', first), undefined)
  t.equal(open('run', first), undefined, 'where the store has no secret key')
  for (let index = 0; index < first.length; index++) {
    t.equal(cursors.open('run', first.slice(0, index) + (first[index] === 'A' ? 'B' : 'A') + first.slice(index + 1)), undefined)
    t.equal(cursors.open('run', first.slice(0, index)), undefined)
  }
  for (const text of [`${first}=`, `${first}!`, ` ${first}`, `${first.slice(0, 4)}\n${first.slice(4)}`]) t.equal(cursors.open('run', text), undefined)
})

t.test('the cursor of the longest key fits into a query', async (t) => {
  const { maxLength = 0, pattern = '' } = RunFilesQuerySchema.properties.cursor
  const cursor = seal('run', 'ü'.repeat(512))
  t.ok(cursor.length <= maxLength)
  t.match(cursor, new RegExp(pattern))
})

/** As version 0.1 did it: nonce, tag and ciphertext, with a key derived from the store's secret key. */
function sealAsVersion01 (secret: string, scope: string, objectKey: string): string {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'objects-storage listing cursor', 32))
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 }).setAAD(Buffer.from(scope))
  const sealed = Buffer.concat([cipher.update(objectKey, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
}
