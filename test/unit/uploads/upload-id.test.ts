import t from 'tap'
import { createListingCursors } from '../../../objects/listing-cursor.js'
import { RotatingSecrets } from '../../../sealing/rotating-secrets.js'
import { createUploadIds } from '../../../uploads/upload-id.js'

const owner = { orgKey: 'acme', userId: '5e2f1a70-1c2d-4e3f-8a9b-0c1d2e3f4a5b' }
const upload = {
  objectKey: 'acme/workflows/…/ü b.bin', storeUploadId: '2~x/+=', sizeBytes: 5 * 1024 ** 4, partSizeBytes: 5 * 1024 ** 2, contentType: 'a/b; c="d"',
}

t.test('an id opens for its owner, also after the secret has changed', async (t) => {
  const secrets = new RotatingSecrets('one')
  const ids = createUploadIds(secrets)
  const id = ids.seal(owner, upload)
  t.strictSame(ids.open(owner, id), upload)
  secrets.sealWith('two')
  t.strictSame(ids.open(owner, id), upload)
  t.strictSame(createUploadIds(new RotatingSecrets('two', 'one')).open(owner, id), upload)
  t.equal(createUploadIds(new RotatingSecrets('two')).open(owner, id), undefined)
})

t.test('an id opens for nobody else, and nothing else opens as one', async (t) => {
  const secrets = new RotatingSecrets('one')
  const ids = createUploadIds(secrets)
  const id = ids.seal(owner, upload)
  for (const other of [{ ...owner, orgKey: 'globex' }, { ...owner, userId: '4d1c0b9a-3e5f-4a6b-9c7d-8e9f0a1b2c3d' }]) {
    t.equal(ids.open(other, id), undefined)
  }
  t.equal(ids.open(owner, createListingCursors(secrets).seal(`${owner.orgKey}/${owner.userId}`, 'position')), undefined)
  for (let index = 0; index < id.length; index++) {
    t.equal(ids.open(owner, `${id.slice(0, index)}${id[index] === 'A' ? 'B' : 'A'}${id.slice(index + 1)}`), undefined)
    t.equal(ids.open(owner, id.slice(0, index)), undefined)
  }
})
