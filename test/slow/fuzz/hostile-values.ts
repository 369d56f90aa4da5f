import fc from 'fast-check'
import { type JsonSchema } from './operations.js'

/** Included in generated values, so that an error that repeats what was sent is detected. */
export const CANARY = 'canary7f3a'

const strings = [
  '', ' ', '\0', `${CANARY}\0`, '\u0001', '\u007f', '\u0085', '\r\n', `${CANARY}\r\nset-cookie: a=b`, '\t', '.', '..', '/', '//', '\\',
  '../../../../etc/passwd', '..%2f..%2f', '%00', '%', '%zz', '%u0041', '%25', '%252e%252e%252f', '%c0%ae', '+', '&', '=', '#', '?', ';',
  '\ud800', '\udfff', `${CANARY}\ud83d`, '\udc00\ud800', '\ufeff', '\ufffe', '\uffff', '\u202e', '\u2028', 'e\u0301', '\u00e9', 'İ', 'ß',
  '\u{10348}', '👩‍👩‍👧‍👦', '文件', '__proto__', 'constructor', 'toString', 'null', 'undefined', 'true', 'NaN', 'Infinity', '-1', '0', '1e999',
  '0x10', '9007199254740993', '99999999999999999999999999', '\' or 1=1 --', '"; drop table objects; --', '${jndi:ldap://127.0.0.1}', // eslint-disable-line no-template-curly-in-string
  '{{7*7}}', '<script>', '$(id)', '[object Object]', 'urn:uuid:3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10',
  '3F0C6A52-8A4E-4B62-9F0E-2F6F2F1F9A10', '{3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10}', '00000000-0000-0000-0000-000000000000',
  '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10\n', `${CANARY}/workflows`, '*', '"', '\'', '`', '|', '\u0000\u0000', '-0', '۳', '１２',
]

const lengths = [100, 101, 254, 255, 256, 257, 1023, 1024, 1025, 4096]

/** Strings that are likely to break something. */
export const hostileStrings: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...strings) },
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.tuple(fc.constantFrom('a', 'é', '文', '\u{10348}', '\ud800', '%', '\0'), fc.constantFrom(...lengths))
    .map(([unit, length]) => unit.repeat(length)),
  fc.tuple(fc.constantFrom(...strings), fc.constantFrom(...strings)).map(([left, right]) => `${left}${CANARY}${right}`),
)

const numbers = [
  0, -0, -1, 1, 0.1, -0.5, 1.5, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 2 ** 63, 1e21, 1e308, -1e308, 5e-324, 5 * 1024 ** 3 + 1,
]

/** JSON values of every type. */
export const hostileJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: hostileStrings },
  { weight: 2, arbitrary: fc.constantFrom(...numbers) },
  fc.constantFrom<unknown>(
    null, true, false, [], {}, [[]], [null], [CANARY], { [CANARY]: CANARY }, { length: 1 }, { toString: 1 }),
  fc.jsonValue({ maxDepth: 3 }),
)

/** Values just inside and outside a schema's bounds. */
export function boundaryValues ({ minLength, maxLength, minimum, maximum, type }: JsonSchema): unknown[] {
  const around = (bound: number | undefined) => bound === undefined ? [] : [bound - 1, bound, bound + 1]
  const lengthsAround = [...around(minLength), ...around(maxLength)].filter((length) => length >= 0)
  return [
    ...lengthsAround.flatMap((length) => ['a', 'é', '\u{10348}', '\ud800'].map((unit) => unit.repeat(length))),
    ...around(minimum), ...around(maximum),
    ...type === 'integer' ? ['1', 1.5, 1e21] : [],
  ]
}

const brokenTexts = [
  '', ' ', '{', '}', '[', '{"', '{"a"', '{"a":', '{"a":1,}', '{a:1}', '\'{}\'', 'null', 'true', '0', '""', '[]', '[{}]', '{}', 'undefined',
  'NaN', '{"a":NaN}', '{"a":1e99999}', '{"a":-1e99999}', '{"a":01}', '{"a":"\\ud800"}', '{"a":"\\x00"}', '{"a":"\u0000"}', '\u0000',
  '{"__proto__":{"isAdmin":true}}', '{"constructor":{"prototype":{"isAdmin":true}}}', `{"${CANARY}":1}`, `{"${CANARY}`, '{}{}', '{}x',
  '[1,2', '/* */{}', '<?xml version="1.0"?>', 'a=b', '--boundary\r\n', `${'['.repeat(100_000)}`, `${'[['.repeat(5_000)}${']]'.repeat(5_000)}`,
  `${'{"a":'.repeat(20_000)}`, `"${'a'.repeat(1_048_576)}"`, '\xff\xfe{}', '\xef\xbb\xbf{}', '{"a":"\xed\xa0\x80"}', '{"a":"\xff"}', '\x1f\x8b\x08',
]

/** Bodies, one character per byte: JSON that is broken, or has been tampered with. */
export function hostileBodies (text: string): fc.Arbitrary<string> {
  const bytes = Buffer.from(text).toString('latin1')
  return fc.oneof(
    fc.constantFrom(...brokenTexts),
    fc.nat(bytes.length).map((length) => bytes.slice(0, length)),
    fc.constantFrom(`\xef\xbb\xbf${bytes}`, `${bytes}x`, `${bytes}${bytes}`, `[${bytes}]`, bytes.replace('{', '{"__proto__":{},'), bytes.replaceAll('"', '\'')),
    fc.constant(Buffer.from(text, 'utf16le').toString('latin1')),
    fc.tuple(fc.nat(Math.max(0, bytes.length - 1)), fc.constantFrom('\0', '\xff', '"', '\\', '{', ',', '\xed\xa0\x80'))
      .map(([at, inserted]) => bytes.slice(0, at) + inserted + bytes.slice(at + 1)),
    fc.string({ unit: 'binary', maxLength: 100 }).map((binary) => Buffer.from(binary).toString('latin1')),
  )
}

export const contentTypes = [
  undefined, '', 'application/json; charset=utf-8', 'application/json; charset=utf-16', 'application/json;', 'APPLICATION/JSON', 'application/jsonp',
  'application/json, text/plain', 'application/merge-patch+json', 'text/plain', 'text/html', 'application/xml', 'application/x-www-form-urlencoded',
  'multipart/form-data', 'multipart/form-data; boundary=x', 'application/octet-stream', 'json', '/', 'a/b/c', '*/*', `${CANARY}/${CANARY}`,
  `application/json; ${'a'.repeat(4000)}=1`, 'application/json\xff', '__proto__', 'constructor',
]
