import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import t from 'tap'
import { createKeyRedactor, redactObjectKey } from '../../../objects/redacted-key.js'
import { codePoint } from '../../support/code-point.js'

const objectKey = fc.string({ unit: codePoint, minLength: 0, maxLength: 300, size: 'max' })

t.test('a key is told by 64 bits of its SHA-256, and by nothing of its own', async () => {
  const redact = createKeyRedactor()
  fc.assert(fc.property(objectKey, (key) => {
    const redacted = redactObjectKey(key)
    return redacted === `sha256:${createHash('sha256').update(key).digest('hex').slice(0, 16)}` && redact(key) === redacted
  }))
})

t.test('keys that differ in their last character alone are told apart', async () => {
  const redact = createKeyRedactor()
  fc.assert(fc.property(objectKey, (key) => redact(`${key}a`) !== redact(`${key}b`) && redactObjectKey(`${key}a`) !== redactObjectKey(`${key}b`)))
})
