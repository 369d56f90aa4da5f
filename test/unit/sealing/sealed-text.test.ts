import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import t from 'tap'
import { createSealer } from '../../../sealing/sealed-text.js'

const secrets = { current: 'a secret of all replicas', others: [] }
const { seal, open } = createSealer(secrets, 'test')
const content = Buffer.from('größe – \0 100 %')
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

t.test('what is sealed opens to what it was, on every replica with the secret', async (t) => {
  for (const bytes of [content, Buffer.alloc(0), Buffer.alloc(2000, 0xff)]) {
    t.strictSame(open('scope', seal('scope', bytes)), bytes)
    t.strictSame(createSealer({ ...secrets }, 'test').open('scope', seal('scope', bytes)), bytes)
  }
})

t.test('it tells nothing of its content, and no two are the same', async (t) => {
  const sealed = seal('scope', content)
  t.notOk(Buffer.from(sealed, 'base64url').includes(content.subarray(0, 4)))
  t.not(seal('scope', content), sealed)
  t.match(sealed, /^[\w-]{44,}$/)
})

t.test('another implementation of the form opens it, and what that seals opens', async (t) => {
  const long = { current: 'x'.repeat(100), others: [] }
  for (const { current } of [secrets, long]) {
    const derive = (info: string, length: number) => Buffer.from(hkdfSync('sha256', current, '', `objects-storage ${info}`, length))
    const header = Buffer.concat([Buffer.from([1]), derive('key id of test', 4)])
    const additional = Buffer.concat([header, Buffer.from('test\0scope')])
    const sealer = createSealer({ current, others: [] }, 'test')

    const bytes = Buffer.from(sealer.seal('scope', content), 'base64url')
    t.strictSame(bytes.subarray(0, 5), header)
    const decipher = createDecipheriv('aes-256-gcm', derive('key of test', 32), bytes.subarray(5, 17))
    decipher.setAAD(additional).setAuthTag(bytes.subarray(-16))
    t.strictSame(Buffer.concat([decipher.update(bytes.subarray(17, -16)), decipher.final()]), content)

    const sealByHand = (version: number) => {
      const ownHeader = Buffer.concat([Buffer.from([version]), header.subarray(1)])
      const cipher = createCipheriv('aes-256-gcm', derive('key of test', 32), Buffer.alloc(12, 7))
        .setAAD(Buffer.concat([ownHeader, Buffer.from('test\0scope')]))
      const ciphertext = Buffer.concat([cipher.update(content), cipher.final()])
      return Buffer.concat([ownHeader, Buffer.alloc(12, 7), ciphertext, cipher.getAuthTag()]).toString('base64url')
    }
    t.strictSame(sealer.open('scope', sealByHand(1)), content)
    for (const version of [0, 2]) t.equal(sealer.open('scope', sealByHand(version)), undefined, 'another version')
    t.notOk(derive('key of test', 32).subarray(0, 4).equals(header.subarray(1)), 'the id tells nothing of the key')
  }
})

t.test('what was sealed with the previous secret opens, and with one before that it does not', async (t) => {
  const sealed = seal('scope', content)
  const next = { current: 'another secret', others: [secrets.current] }
  t.strictSame(createSealer(next, 'test').open('scope', sealed), content)
  t.strictSame(createSealer(next, 'test').open('scope', createSealer(next, 'test').seal('scope', content)), content)
  t.equal(createSealer({ current: 'a third', others: [next.current] }, 'test').open('scope', sealed), undefined)
  t.equal(open('scope', createSealer(next, 'test').seal('scope', content)), undefined, 'a replica that does not have the new one yet')
})

t.test('it opens for its purpose and its scope alone', async (t) => {
  const sealed = seal('scope', content)
  t.equal(createSealer(secrets, 'another purpose').open('scope', sealed), undefined)
  for (const scope of ['', 'scop', 'scope ', 'other']) t.equal(open(scope, sealed), undefined)
  // Moving a character between purpose and scope makes a difference.
  t.equal(createSealer(secrets, 'te').open('st\0scope', sealed), undefined)
})

t.test('with any bit flipped, any character replaced, and cut anywhere, it does not open', async (t) => {
  const sealed = seal('scope', content)
  const bytes = Buffer.from(sealed, 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    t.equal(open('scope', flipped.toString('base64url')), undefined, `bit ${bit}`)
  }
  const replaced = [...sealed].flatMap((character, index) => [...alphabet].filter((other) => other !== character)
    .map((other) => sealed.slice(0, index) + other + sealed.slice(index + 1)))
  t.ok(replaced.every((text) => open('scope', text) === undefined))
  for (let length = 0; length < sealed.length; length++) t.equal(open('scope', sealed.slice(0, length)), undefined, `${length} characters`)
  for (const text of [`${sealed}=`, `${sealed}A`, ` ${sealed}`, `${sealed}\n`, sealed + sealed, '?', 'A'.repeat(60)]) t.equal(open('scope', text), undefined)
})
