import fc from 'fast-check'
import t from 'tap'
import { parseMediaType } from '../../../http/media-type.js'
import { codePoint } from '../../support/code-point.js'

const html = { essence: 'text/html', parameters: [{ name: 'charset', value: 'utf-8' }] }

// RFC 9110, section 8.3.1: "all of the following are equivalent", except for the case of the charset's name.
for (const text of ['text/html;charset=utf-8', 'Text/HTML;Charset="utf-8"', 'text/html; charset="utf-8"', 'text/html;charset=utf-8;']) {
  t.test(`${text} is read`, async (t) => {
    t.same(parseMediaType(text), html)
  })
}

t.test('blanks and empty parameters are passed over', async (t) => {
  t.same(parseMediaType(' \ttext/html ;; ;\tcharset=utf-8 ; '), html)
})

t.test('a quoted value is unquoted', async (t) => {
  t.same(parseMediaType('a/b;x="c;\\"d\\\\, e=f";y=""'), {
    essence: 'a/b', parameters: [{ name: 'x', value: 'c;"d\\, e=f' }, { name: 'y', value: '' }],
  })
})

t.test('a repeated parameter is kept', async (t) => {
  t.same(parseMediaType('a/b;x=1;X=2')?.parameters, [{ name: 'x', value: '1' }, { name: 'x', value: '2' }])
})

for (const text of [
  '', ' ', 'text', 'text/', '/html', 'text/html/x', 'text /html', 'text/ html', 'text/html charset=utf-8', 'text/html, text/plain',
  'text/plain, text/html; x="', 'text/html;charset', 'text/html;charset=', 'text/html;charset =utf-8', 'text/html;charset= utf-8',
  'text/html;charset="utf-8', 'text/html;charset="utf-8"x', 'text/html\r\nX: y', 'text/html\u0000', 'text/h\u00e9', 'te(xt/html',
]) {
  t.test(`${JSON.stringify(text)} is not a media type`, async (t) => {
    t.equal(parseMediaType(text), undefined)
  })
}

t.test('no text makes the reader throw', async () => {
  const hostile = fc.string({ unit: fc.constantFrom('a', '/', ';', '=', '"', '\\', ' ', ',', '*') }).map((text) => `a/b${text}`)
  fc.assert(fc.property(fc.oneof(hostile, fc.string({ unit: codePoint })), (text) => { parseMediaType(text) }))
})

t.test('a header full of blanks and semicolons is read in linear time', async (t) => {
  // With a pattern that could split the blanks in two ways this would never finish.
  t.equal(parseMediaType('a/b' + ' ; '.repeat(5000) + '!'), undefined)
})
