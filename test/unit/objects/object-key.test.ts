import * as fc from 'fast-check'
import t from 'tap'
import {
  FILE_NAME_MAX_BYTES, OBJECT_KEY_MAX_BYTES, ORG_KEY_PATTERN, directions, fileNameOf, isFileName, isStorableKey, mintObjectKey,
  orgKeyOfPrefix, parseObjectKey, prefixOf,
} from '../../../objects/object-key.js'
import { codePoint } from '../../support/code-point.js'

const id = (digit: number) => `${String(digit).repeat(8)}-0000-4000-8000-000000000000`
const parts = { orgKey: 'acme', workflowId: id(1), runId: id(2), createdBy: id(3), direction: 'outputs', fileName: 'report.pdf' } as const
const token = 'q83vEjRWeJCrze8SNFZ4kA'
const folder = `acme/workflows/${id(1)}/runs/${id(2)}/users/${id(3)}/outputs`
const key = `${folder}/${token}/report.pdf`

const uuid = fc.uuid()
const orgKey = fc.stringMatching(new RegExp(ORG_KEY_PATTERN))
const fileName = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter(isFileName)
const anyParts = fc.record({
  orgKey, workflowId: uuid, runId: uuid, createdBy: uuid, direction: fc.constantFrom(...directions), fileName,
})

t.test('a minted key is read back as the parts that it was made of', async () => {
  fc.assert(fc.property(anyParts, (made) => {
    const objectKey = mintObjectKey(made)
    const { token, ...read } = parseObjectKey(objectKey) ?? {}
    return JSON.stringify(Object.entries(read).sort()) === JSON.stringify(Object.entries(made).sort()) &&
      token !== undefined && token.length === 22 && fileNameOf(objectKey) === made.fileName
  }))
})

t.test('two keys of the same parts differ', async (t) => {
  t.not(mintObjectKey(parts), mintObjectKey(parts))
})

t.test('a key with one character changed, left out or added is refused, or has other parts', async () => {
  const before = JSON.stringify(parseObjectKey(key))
  const differs = (changed: string) => changed === key || JSON.stringify(parseObjectKey(changed)) !== before
  const character = fc.oneof(codePoint, fc.constantFrom(...'/-_.AZaz09 \n\0'))
  fc.assert(fc.property(fc.nat(key.length - 1), character, (index, other) =>
    differs(key.slice(0, index) + other + key.slice(index + 1)) &&
    differs(key.slice(0, index) + key.slice(index + 1)) &&
    differs(key.slice(0, index) + other + key.slice(index))), { numRuns: 2_000 })
})

t.test('a key is of one form', async (t) => {
  t.same(parseObjectKey(key), { ...parts, token })
  t.match(parseObjectKey(key.replace('outputs', 'inputs')), { direction: 'inputs' })
  for (const [name, other] of [
    ['upper-case organisation', key.replace('acme', 'Acme')],
    ['organisation of 64 characters', key.replace('acme', 'a'.repeat(64))],
    ['organisation that begins with a hyphen', key.replace('acme', '-acme')],
    ['no organisation', key.replace('acme', '')],
    ['upper-case UUID', key.replace(id(1), id(1).replace('0000-4', 'AAAA-4'))],
    ['UUID as a URN', key.replace(id(1), `urn:uuid:${id(1)}`)],
    ['another direction', key.replace('outputs', 'results')],
    ['a slash at the beginning', `/${key}`],
    ['a folder in the file name', `${folder}/${token}/a/b`],
    ['a line break at the end', `${key}\n`],
    ['a token with another character', key.replace(token, `${token.slice(1)}+`)],
    ['an empty key', ''],
  ] as const) t.equal(parseObjectKey(other), undefined, name)
})

t.test('a token has 22 characters at least', async (t) => {
  t.equal(parseObjectKey(`${folder}/${'A'.repeat(21)}/a`), undefined)
  t.match(parseObjectKey(`${folder}/${'A'.repeat(22)}/a`), { token: 'A'.repeat(22) })
  t.match(parseObjectKey(`${folder}/${'A'.repeat(23)}/a`), { token: 'A'.repeat(23) })
})

t.test('a key has 1,024 bytes at most', async (t) => {
  // Only a long token makes one so long: file names end at 255 bytes.
  const keyOf = (bytes: number) => `${folder}/${'A'.repeat(bytes - folder.length - '//ü'.length - 1)}/ü`
  t.equal(Buffer.byteLength(keyOf(OBJECT_KEY_MAX_BYTES)), 1024)
  t.ok(parseObjectKey(keyOf(1024)))
  t.equal(parseObjectKey(keyOf(1025)), undefined)
})

t.test('a file name has 1 to 255 bytes of UTF-8', async (t) => {
  t.notOk(isFileName(''))
  t.ok(isFileName('a'.repeat(FILE_NAME_MAX_BYTES)))
  t.notOk(isFileName('a'.repeat(256)))
  t.ok(isFileName(`${'ü'.repeat(127)}a`))
  t.notOk(isFileName('ü'.repeat(128)))
  t.ok(parseObjectKey(`${folder}/${token}/${'a'.repeat(255)}`))
  t.equal(parseObjectKey(`${folder}/${token}/${'a'.repeat(256)}`), undefined)
})

t.test('a file name that breaks headers, terminals or URLs is refused', async (t) => {
  const controls = Array.from({ length: 0xa0 }, (_, codePoint) => String.fromCodePoint(codePoint)).filter((text) => /\p{Cc}/u.test(text))
  t.equal(controls.length, 65)
  for (const name of ['.', '..', 'a/b', '\ud800', 'a\udfff', ...controls.map((control) => `a${control}b`)]) {
    t.notOk(isFileName(name), JSON.stringify(name))
    t.equal(parseObjectKey(`${folder}/${token}/${name}`), undefined, JSON.stringify(name))
    t.throws(() => mintObjectKey({ ...parts, fileName: name }), TypeError)
  }
  for (const name of ['...', '.a', 'a b+c%20?#&.txt', '😀', '\u00a0', '\u202e']) t.ok(isFileName(name), JSON.stringify(name))
})

t.test('what is not of the form is not minted', async (t) => {
  for (const wrong of [{ orgKey: 'Acme' }, { workflowId: 'x' }, { runId: '' }, { createdBy: id(1).toUpperCase().replace('1', 'A') }]) {
    t.throws(() => mintObjectKey({ ...parts, ...wrong }), TypeError)
  }
})

t.test('a prefix ends before the first part that is not given', async (t) => {
  const { orgKey, workflowId, runId, createdBy } = parts
  t.equal(prefixOf({ orgKey }), 'acme/')
  t.equal(prefixOf({ orgKey, workflowId }), `acme/workflows/${id(1)}/`)
  t.equal(prefixOf({ orgKey, workflowId, runId }), `acme/workflows/${id(1)}/runs/${id(2)}/`)
  t.equal(prefixOf({ orgKey, workflowId, runId, createdBy }), `acme/workflows/${id(1)}/runs/${id(2)}/users/${id(3)}/`)
  t.equal(prefixOf({ orgKey, createdBy }), 'acme/')
  t.equal(prefixOf({ orgKey, workflowId, createdBy }), `acme/workflows/${id(1)}/`)
})

t.test('a prefix of some parts begins the keys that have them, and no other organisation\'s', async () => {
  fc.assert(fc.property(anyParts, orgKey, fc.nat(3), (made, otherOrgKey, given) => {
    const { workflowId, runId, createdBy } = made
    const prefix = prefixOf({
      orgKey: made.orgKey,
      workflowId: given > 0 ? workflowId : undefined,
      runId: given > 1 ? runId : undefined,
      createdBy: given > 2 ? createdBy : undefined,
    })
    return mintObjectKey(made).startsWith(prefix) && orgKeyOfPrefix(prefix) === made.orgKey &&
      (otherOrgKey === made.orgKey || !mintObjectKey({ ...made, orgKey: otherOrgKey }).startsWith(prefix))
  }))
})

t.test('a prefix that several organisations share is of none', async (t) => {
  for (const prefix of ['', 'acme', 'Acme/', '/', '-a/', `${'a'.repeat(64)}/`]) t.equal(orgKeyOfPrefix(prefix), undefined, prefix)
  t.equal(orgKeyOfPrefix('acme/work'), 'acme')
  t.equal(orgKeyOfPrefix(`${'a'.repeat(63)}/`), 'a'.repeat(63))
})

t.test('a text can be stored as a key where its UTF-8 has 1,024 bytes at most, none of them NUL', async (t) => {
  t.ok(isStorableKey('ü'.repeat(512)))
  t.notOk(isStorableKey(`${'ü'.repeat(512)}a`))
  t.notOk(isStorableKey('a\0'))
  t.ok(isStorableKey('of another form'))
})
