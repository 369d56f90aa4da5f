import * as fc from 'fast-check'
import t from 'tap'
import {
  FILE_NAME_MAX_BYTES, OBJECT_KEY_MAX_BYTES, ORG_KEY_PATTERN, PATH_MAX_BYTES, directions, fileNameOf, isFileName, isPath,
  isStorableKey, mintObjectKey, orgKeyOfPrefix, parseObjectKey, pathOf, prefixOf,
} from '../../../objects/object-key.js'
import { codePoint } from '../../support/code-point.js'

const id = (digit: number) => `${String(digit).repeat(8)}-0000-4000-8000-000000000000`
const parts = { orgKey: 'acme', workflowId: id(1), runId: id(2), createdBy: id(3), direction: 'outputs', path: 'report.pdf' } as const
const token = 'q83vEjRWeJCrze8SNFZ4kA'
const folder = `acme/workflows/${id(1)}/runs/${id(2)}/users/${id(3)}/outputs`
const key = `${folder}/${token}/report.pdf`

const uuid = fc.uuid()
const orgKey = fc.stringMatching(new RegExp(ORG_KEY_PATTERN))
// What a name may be, stated independently of the code.
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) =>
  !['.', '..'].includes(text) && ![...text].some((character) => character === '/' || /\p{Cc}/u.test(character)) &&
  Buffer.byteLength(text) <= 255)
const names = fc.array(name, { minLength: 1, maxLength: 30 }).filter((list) => Buffer.byteLength(list.join('/')) <= 400)
const anyParts = fc.record({
  orgKey,
  workflowId: uuid,
  runId: uuid,
  createdBy: uuid,
  direction: fc.constantFrom(...directions),
  path: names.map((list) => list.join('/')),
})

t.test('a minted key is read back as the parts that it was made of', async () => {
  fc.assert(fc.property(anyParts, (made) => {
    const objectKey = mintObjectKey(made)
    const { token, ...read } = parseObjectKey(objectKey) ?? {}
    return JSON.stringify(Object.entries(read).sort()) === JSON.stringify(Object.entries(made).sort()) &&
      token !== undefined && token.length === 22 && pathOf(objectKey) === made.path
  }))
})

t.test('a file has the last name of its path, in the path and in the key', async () => {
  fc.assert(fc.property(anyParts, names, (made, list) => {
    const path = list.join('/')
    return fileNameOf(path) === list.at(-1) && fileNameOf(mintObjectKey({ ...made, path })) === list.at(-1)
  }))
})

// Keys of version 0.1 ended with a single name. Rows, links and logs contain such keys.
const uuidForm = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const firstForm = new RegExp(`^([a-z0-9][a-z0-9-]{0,62})/workflows/(${uuidForm})/runs/(${uuidForm})/users/(${uuidForm})/` +
  '(inputs|outputs)/([A-Za-z0-9_-]{22,})/([^/]+)$', 'u')
function parseFirstForm (text: string): object | undefined {
  const [, orgKey, workflowId, runId, createdBy, direction, token, fileName = ''] = firstForm.exec(text) ?? []
  return orgKey === undefined || ['.', '..'].includes(fileName) || /[\p{Cc}\p{Surrogate}]/u.test(fileName) ||
    Buffer.byteLength(fileName) > 255 || Buffer.byteLength(text) > 1024
    ? undefined
    : { orgKey, workflowId, runId, createdBy, direction, token, path: fileName }
}

t.test('a key without folders is read as version 0.1 read it', async (t) => {
  const ending = fc.oneof(
    name, fc.string({ unit: 'binary', maxLength: 90 }), fc.constantFrom('', '.', '..', '\u2028', 'a\nb', 'ü'.repeat(128), 'a'.repeat(255)),
  ).filter((text) => !text.includes('/'))
  const anyKey = fc.oneof(
    fc.tuple(orgKey, uuid, uuid, uuid, fc.constantFrom('inputs', 'outputs', 'results'), fc.stringMatching(/^[\w-]{20,24}$/), ending)
      .map(([org, workflowId, runId, createdBy, direction, secret, end]) =>
        `${org}/workflows/${workflowId}/runs/${runId}/users/${createdBy}/${direction}/${secret}/${end}`),
    ending,
  )
  let readCount = 0
  fc.assert(fc.property(anyKey, (text) => {
    const read = parseFirstForm(text)
    if (read !== undefined) readCount++
    t.strictSame(parseObjectKey(text), read)
  }), { numRuns: 1_000 })
  t.ok(readCount > 10, 'some of them are keys')
})

t.test('a path with an empty name, . or .. anywhere is not a path', async () => {
  const other = fc.array(name, { maxLength: 3 })
  fc.assert(fc.property(other, fc.constantFrom('', '.', '..'), other, (before, wrong, after) => {
    const path = [...before, wrong, ...after].join('/')
    return !isPath(path) && parseObjectKey(`${folder}/${token}/${path}`) === undefined
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
    ['no path', `${folder}/${token}`],
    ['an empty path', `${folder}/${token}/`],
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
  const keyOf = (bytes: number) => {
    const start = `${folder}/${token}/ü`
    return `${start}${'/a'.repeat(bytes)}`.slice(0, bytes - Buffer.byteLength(start) + start.length - 1) + 'b'
  }
  t.equal(Buffer.byteLength(keyOf(OBJECT_KEY_MAX_BYTES)), 1024)
  t.ok(parseObjectKey(keyOf(1024)))
  t.equal(parseObjectKey(keyOf(1025)), undefined)
})

t.test('a name has 1 to 255 bytes of UTF-8', async (t) => {
  t.equal(FILE_NAME_MAX_BYTES, 255)
  for (const [text, isName] of [
    ['', false], ['a'.repeat(255), true], ['a'.repeat(256), false], [`${'ü'.repeat(127)}a`, true], ['ü'.repeat(128), false],
  ] as const) {
    t.equal(isFileName(text), isName)
    for (const path of [text, `a/${text}`, `${text}/b`, `a/${text}/b`]) {
      t.equal(isPath(path), isName)
      t.equal(parseObjectKey(`${folder}/${token}/${path}`)?.path, isName ? path : undefined)
    }
  }
})

t.test('a path has 400 bytes at most where it is minted, and as many as the key has room for where it is read', async (t) => {
  t.equal(PATH_MAX_BYTES, 400)
  const longest = `${'ü'.repeat(100)}/${'b'.repeat(199)}`
  t.equal(Buffer.byteLength(longest), 400)
  t.equal(parseObjectKey(mintObjectKey({ ...parts, path: longest }))?.path, longest)
  t.throws(() => mintObjectKey({ ...parts, path: `${longest}b` }), new TypeError('The parts do not make a valid object key.'))
  t.equal(parseObjectKey(`${folder}/${token}/${longest}b`)?.path, `${longest}b`)
  const longestOrgKey = 'a'.repeat(63)
  t.equal(parseObjectKey(mintObjectKey({ ...parts, orgKey: longestOrgKey, path: longest }))?.path, longest)
})

t.test('a name that breaks headers, terminals or URLs is refused', async (t) => {
  const controls = Array.from({ length: 0xa0 }, (_, codePoint) => String.fromCodePoint(codePoint)).filter((text) => /\p{Cc}/u.test(text))
  t.equal(controls.length, 65)
  for (const name of ['.', '..', '\ud800', 'a\udfff', ...controls.map((control) => `a${control}b`)]) {
    t.notOk(isFileName(name), JSON.stringify(name))
    for (const path of [name, `a/${name}`, `${name}/b`, `a/${name}/b`]) {
      t.notOk(isPath(path), JSON.stringify(path))
      t.equal(parseObjectKey(`${folder}/${token}/${path}`), undefined, JSON.stringify(path))
      t.throws(() => mintObjectKey({ ...parts, path }), TypeError)
    }
  }
  for (const name of ['...', '.a', '..a', 'a.', 'a..', ' ', 'a\\b', 'a b+c%20?#&.txt', '😀', '\u00a0', '\u2028', '\u202e']) {
    t.ok(isFileName(name), encodeURIComponent(name))
    for (const path of [name, `a/${name}`, `${name}/b`]) t.equal(parseObjectKey(mintObjectKey({ ...parts, path }))?.path, path)
  }
})

t.test('a file name is a path without folders', async (t) => {
  t.notOk(isFileName('a/b'))
  t.ok(isPath('a/b'))
  for (const path of ['/', '/a', 'a/', 'a//b', '//', 'a/b/']) t.notOk(isPath(path), path)
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
