import { Type } from '@sinclair/typebox'
import fc from 'fast-check'
import t from 'tap'
import { parseXml } from '../../../../embedded/s3/xml-body.js'
import { document, element } from '../../../../embedded/s3/xml.js'
import { codePoint } from '../../../support/code-point.js'

const schema = Type.Object({ Root: Type.Object({ Key: Type.Array(Type.String()) }) })
const keysOf = (xml: string) => parseXml(xml, schema, ['Key']).Root.Key

t.test('text is read as it was written, if XML can hold it', async () => {
  const text = fc.string({ unit: codePoint, minLength: 1 }).filter((value) => !/[^\t\n\r\x20-\ufffd\u{10000}-\u{10ffff}]/u.test(value))
  fc.assert(fc.property(fc.array(text, { minLength: 1 }), (keys) => {
    const read = keysOf(document('Root', keys.map((key) => element('Key', key))))
    return JSON.stringify(read) === JSON.stringify(keys)
  }), { numRuns: 500 })
})

t.test('references, prefixes and white space are read as XML means them', async (t) => {
  t.strictSame(keysOf('<?xml version="1.0"?>\n<s:Root xmlns:s="x">\n <s:Key> &amp;amp;&#65;&#x1F600;&apos; </s:Key>\n</s:Root>'), [' &amp;A😀\' '])
  t.strictSame(keysOf('<Root><Key>0123</Key><Key>1e5</Key><Key>true</Key></Root>'), ['0123', '1e5', 'true'])
})

t.test('XML that is wrong, or could be read as another text than was meant, is refused', async (t) => {
  const bodies = [
    '', 'text', '<Root>', '<Root><Key>a</Root></Key>', '<Other><Key>a</Key></Other>', '<Root/>', '<Root><Key><Nested/></Key></Root>',
    '<!DOCTYPE Root [<!ENTITY e "x">]><Root><Key>&e;</Key></Root>', '<Root><Key><![CDATA[a]]></Key></Root>', '<Root><Key>a<!-- b --></Key></Root>',
    ...['&unknown;', '&', '&amp', '&#0;', '&#1;', '&#xD800;', '&#x110000;', '&#xffff;', '&#;', '&#99999999;'].map((reference) => `<Root><Key>a${reference}</Key></Root>`),
    '<Root><__proto__>a</__proto__></Root>',
  ]
  for (const body of bodies) t.throws(() => keysOf(body), { code: 'MalformedXML' }, body)
})
