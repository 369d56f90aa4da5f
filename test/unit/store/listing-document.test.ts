import { XMLParser } from 'fast-xml-parser'
import fc from 'fast-check'
import t from 'tap'
import { MalformedListingError, readListingDocument } from '../../../store/listing-document.js'
import { codePoint } from '../../support/code-point.js'

const listing = (content: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</ListBucketResult>`
const escape = (text: string) => text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`)
const one = (key: string, rest = '<Size>1</Size>') => `<Contents><Key>${key}</Key>${rest}</Contents>`
const end = '<IsTruncated>false</IsTruncated>'

t.test('what it reads is what a general XML parser reads', async (t) => {
  const parser = new XMLParser({ parseTagValue: false, trimValues: false, htmlEntities: true, isArray: (name) => name === 'Contents' })
  const object = fc.record({
    key: fc.oneof(
      fc.string({ unit: fc.constantFrom('a', '&', '<', '>', '"', '%', '+', ' ', '/', ';'), minLength: 1 }),
      fc.string({ unit: codePoint, minLength: 1 }))
      .filter((text) => /^[^\p{Cc}\p{Surrogate}]+$/u.test(text) && text.trim() === text),
    sizeBytes: fc.nat(),
  })
  fc.assert(fc.property(fc.array(object, { maxLength: 5 }), (objects) => {
    const xml = listing(objects.map(({ key, sizeBytes }) =>
      `<Contents><Key>${escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;abc&quot;</ETag>` +
      `<Size>${sizeBytes}</Size><Owner><ID>x</ID></Owner></Contents>`).join('') + end)
    const parsed: { ListBucketResult: { Contents?: Array<{ Key: string, Size: string }> } } = parser.parse(xml)
    const expected = (parsed.ListBucketResult.Contents ?? []).map(({ Key, Size }) => [Key, Number(Size)])
    const found = readListingDocument(xml).objects.map(({ objectKey, sizeBytes }) => [objectKey, sizeBytes])
    return JSON.stringify(found) === JSON.stringify(expected)
  }))
  t.pass()
})

t.test('keys are decoded only where the store says that it encoded them', async (t) => {
  const key = 'a%20b+c%'
  t.equal(readListingDocument(listing(one(key) + end)).objects[0]?.objectKey, key)
  t.equal(readListingDocument(listing(`<EncodingType>url</EncodingType>${one('a%20b+c%25%2B%C3%BC')}${end}`)).objects[0]?.objectKey, 'a b c%+ü')
})

t.test('common prefixes are told, decoded as keys are, before or after objects', async (t) => {
  const prefixes = '<CommonPrefixes><Prefix>a%2Fb+c/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>d&amp;/</Prefix></CommonPrefixes>'
  for (const content of [prefixes, prefixes + one('k'), one('k') + prefixes]) {
    t.strictSame(readListingDocument(listing(`<Prefix></Prefix>${content}${end}`)).prefixes, ['a%2Fb+c/', 'd&/'])
    t.strictSame(readListingDocument(listing(`<EncodingType>url</EncodingType>${content}${end}`)).prefixes, ['a/b c/', 'd&/'])
  }
  t.strictSame(readListingDocument(listing(one('k') + end)).prefixes, [])
  for (const broken of ['<CommonPrefixes></CommonPrefixes>', '<CommonPrefixes><Prefix>a/</Prefix>']) {
    t.throws(() => readListingDocument(listing(broken + end)), MalformedListingError)
  }
})

t.test('references stand for their characters', async (t) => {
  const [object] = readListingDocument(listing(one('&lt;&gt;&amp;&quot;&apos;&#39;&#x1F600;&#1;') + end)).objects
  t.equal(object?.objectKey, '<>&"\'\'\u{1f600}\u{1}')
})

t.test('entity tags lose their quotes, and may be missing', async (t) => {
  const tag = (text: string) => readListingDocument(listing(one('k', `<Size>1</Size>${text}`) + end)).objects[0]?.entityTag
  t.equal(tag('<ETag>&quot;d41d8cd9-2&quot;</ETag>'), 'd41d8cd9-2')
  t.equal(tag('<ETag>"d41d8cd9"</ETag>'), 'd41d8cd9')
  t.equal(tag('<ETag></ETag>'), undefined)
  t.equal(tag(''), undefined)
})

t.test('the next page\'s token stands before or after the objects', async (t) => {
  const more = '<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b==</NextContinuationToken>'
  t.equal(readListingDocument(listing(more + one('k'))).nextToken, 'a&b==')
  t.equal(readListingDocument(listing(one('k') + more)).nextToken, 'a&b==')
  t.equal(readListingDocument(listing(one('k') + end)).nextToken, undefined)
})

t.test('what is not a listing, or only part of one, is refused without repeating any of it', async (t) => {
  const secret = 'acme/secret'
  for (const [name, xml] of Object.entries({
    'cut off': listing(one(secret) + end).slice(0, -5),
    'an object cut off': listing(`<Contents><Key>${secret}</Key>${end}`),
    'another document': `<Error><Key>${secret}</Key></Error>`,
    'no size': listing(one(secret, '') + end),
    'a size that is none': listing(one(secret, '<Size>-1</Size>') + end),
    'a size beyond 2^53-1': listing(one(secret, '<Size>9007199254740992</Size>') + end),
    'no key': listing(one('') + end),
    CDATA: listing(one(`<![CDATA[${secret}]]>`) + end),
    'an unknown reference': listing(one(`${secret}&nbsp;`) + end),
    'a bare ampersand': listing(one(`${secret}&`) + end),
    'an element in a key': listing(one(`${secret}<b/>`) + end),
    'a bad escape': listing(`<EncodingType>url</EncodingType>${one(`${secret}%`)}${end}`),
    'another encoding': listing(`<EncodingType>base64</EncodingType>${one(secret)}${end}`),
    'no end said': listing(one(secret)),
    'no token': listing(`${one(secret)}<IsTruncated>true</IsTruncated>`),
  })) {
    const failure = t.throws(() => readListingDocument(xml), MalformedListingError, name)
    t.notMatch(String(failure), secret)
  }
})

t.test('keys below a prefix are given without it, and not the prefix itself, which consoles make an object of', async (t) => {
  const content = `${one('a/b/')}${one('a/b/key')}<CommonPrefixes><Prefix>a/b/acme/</Prefix></CommonPrefixes>`
  const document = readListingDocument(listing(content + end), 'a/b/')
  t.strictSame(document.objects.map(({ objectKey }) => objectKey), ['key'])
  t.strictSame(document.prefixes, ['acme/'])
  t.throws(() => readListingDocument(listing(one('a/c/key') + end), 'a/b/'), MalformedListingError)
})
