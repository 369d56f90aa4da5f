import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { PATH_MAX_BYTES, isFileName, mintObjectKey, parseObjectKey } from '../../../objects/object-key.js'
import { createListingCursors } from '../../../objects/listing-cursor.js'
import { RotatingSecrets } from '../../../sealing/rotating-secrets.js'
import type { ShareContent } from '../../../shares/pack-share.js'
import { createShareTexts } from '../../../shares/share-text.js'

const secrets = new RotatingSecrets('a-secret-of-all-replicas')
const texts = createShareTexts(secrets)
const run = { workflowId: randomUUID(), runId: randomUUID() }
const keyWith = (path: string, orgKey = 'acme') =>
  mintObjectKey({ ...run, orgKey, createdBy: randomUUID(), direction: 'outputs', path })
const shareOf = (target: ShareContent['target'], orgKey = 'acme'): ShareContent => ({
  id: randomUUID(), orgKey, madeAtMicros: Date.now() * 1000 + 7, expiresAtMs: Date.now() + 60_000, disposition: 'inline', target,
})

t.test('what is sealed is opened again, whatever the file, the run or the token', async (t) => {
  const uuid = fc.uuid()
  const names = fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }).filter(isFileName), { minLength: 1, maxLength: 4 })
  const tokens = fc.oneof(
    fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
    fc.stringMatching(/^[A-Za-z0-9_-]{22,60}$/))
  const files = fc.record({ workflowId: uuid, runId: uuid, createdBy: uuid, direction: fc.constantFrom('inputs', 'outputs'), token: tokens, names })
    .map(({ workflowId, runId, createdBy, direction, token, names }) =>
      `acme/workflows/${workflowId}/runs/${runId}/users/${createdBy}/${direction}/${token}/${names.join('/')}`)
    .filter((objectKey) => parseObjectKey(objectKey) !== undefined)
    .map((objectKey) => ({ kind: 'file' as const, objectKey }))
  const folders = fc.record({
    kind: fc.constant('files' as const), workflowId: uuid, runId: uuid, createdBy: fc.option(uuid, { nil: undefined }), prefix: fc.string({ unit: 'grapheme' }),
  }, { noNullPrototype: true })
  const selections = fc.constant({ kind: 'selection' as const })
  fc.assert(fc.property(fc.oneof(files, folders, selections), fc.constantFrom('inline', 'attachment'), (target, disposition) => {
    const share = { ...shareOf(target), disposition }
    t.strictSame(texts.open(texts.seal(share)), share)
  }), { numRuns: 300 })
})

t.test('the text of any file whose key is minted has 790 characters at most', async (t) => {
  const longest = `${`${'a'.repeat(199)}/`.repeat(2)}`.slice(0, PATH_MAX_BYTES - 1) + 'b'
  const orgKey = 'o'.repeat(63)
  t.equal(Buffer.byteLength(longest), PATH_MAX_BYTES)
  t.equal(texts.seal(shareOf({ kind: 'file', objectKey: keyWith(longest, orgKey) }, orgKey)).length, 790)
})

t.test('no bit of it may differ, and nothing may be missing', async (t) => {
  const sealed = Buffer.from(texts.seal(shareOf({ kind: 'file', objectKey: keyWith('a.txt') })), 'base64url')
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Buffer.from(sealed)
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    if (texts.open(changed.toString('base64url')) !== undefined) t.fail(`bit ${bit}`)
  }
  for (let length = 0; length < sealed.length; length++) {
    if (texts.open(sealed.subarray(0, length).toString('base64url')) !== undefined) t.fail(`cut to ${length} bytes`)
  }
  t.not(texts.open(sealed.toString('base64url')), undefined)
})

t.test('what is sealed for another purpose is no link, and a link is nothing else', async (t) => {
  const cursors = createListingCursors(secrets)
  t.equal(texts.open(cursors.seal('', 'a position')), undefined)
  t.equal(cursors.open('', texts.seal(shareOf({ kind: 'file', objectKey: keyWith('a') }))), undefined)
})

t.test('a link outlives a change of the secret as long as the previous one opens', async (t) => {
  const share = shareOf({ kind: 'file', objectKey: keyWith('a') })
  const sealed = texts.seal(share)
  t.strictSame(createShareTexts(new RotatingSecrets('the-next-secret', 'a-secret-of-all-replicas')).open(sealed), share)
  t.equal(createShareTexts(new RotatingSecrets('the-next-secret')).open(sealed), undefined)
})

t.test('a link that was made by an earlier build is opened', async (t) => {
  const sealedId = '3f2b8f0a-1a2b-4c3d-8e4f-5a6b7c8d9e0f'
  const share: ShareContent = {
    id: '8c1c2f4e-6b1a-4c53-9d4e-0f6a1b2c3d4e',
    orgKey: 'acme',
    madeAtMicros: 1_770_000_000_000_007,
    expiresAtMs: 1_780_000_000_000,
    disposition: 'inline',
    target: { kind: 'files', workflowId: sealedId, runId: sealedId, createdBy: sealedId, prefix: 'größe/' },
  }
  t.strictSame(texts.open('AY0rQx6CiBorGndfdD-HGqu891VXkAuoe0UHx4MOAaYXXcjF5dObwQgWANlLrF98m7SfS7iUGb76HIg0fqWcelTEls52ge27vXuIgazQOu8mL2bZzChRqKunoiPUyE4jos0PRrEKdlymSf0gzyH01_1TejFAf-YvQ6hy90U'), share)
})

t.test('the key of another organisation is not sealed, nor what is no key', async (t) => {
  for (const objectKey of [keyWith('a', 'globex'), 'acme/a', '']) {
    t.throws(() => texts.seal(shareOf({ kind: 'file', objectKey })), new TypeError('The object key is not one of the organisation.'))
  }
})
