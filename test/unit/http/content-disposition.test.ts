import { parse } from 'content-disposition'
import fc from 'fast-check'
import { validateHeaderValue } from 'node:http'
import t from 'tap'
import { contentDisposition } from '../../../http/content-disposition.js'
import { codePoint } from '../../support/code-point.js'

type Row = [behaviour: string, fileName: string, parameters: string]

const rows: Row[] = [
  // The names of the examples in RFC 6266, section 5, and RFC 8187, section 3.2.3
  ['a token stands without quotes', 'example.html', 'filename=example.html; filename*=UTF-8\'\'example.html'],
  ['a name with blanks is quoted', 'an example.html', 'filename="an example.html"; filename*=UTF-8\'\'an%20example.html'],
  ['a euro sign has no ASCII form', '€ rates', 'filename="_ rates"; filename*=UTF-8\'\'%E2%82%AC%20rates'],
  ['a pound sign has none either', '£ and € rates', 'filename="_ and _ rates"; filename*=UTF-8\'\'%C2%A3%20and%20%E2%82%AC%20rates'],

  ['punctuation of the header is quoted', "it's (1); ok, yes=no.txt", 'filename="it\'s (1); ok, yes=no.txt"; filename*=UTF-8\'\'it%27s%20%281%29%3B%20ok%2C%20yes%3Dno.txt'],
  ['diacritics are left out of the ASCII form', 'naïve Übersicht.pdf',
    'filename="naive Ubersicht.pdf"; filename*=UTF-8\'\'na%C3%AFve%20%C3%9Cbersicht.pdf'],
  ['a name in decomposed form stays so', 'u\u0308.txt', 'filename=u.txt; filename*=UTF-8\'\'u%CC%88.txt'],
  ['ligatures and full-width letters are taken apart', 'ﬁnal Ｗork.txt',
    'filename="final Work.txt"; filename*=UTF-8\'\'%EF%AC%81nal%20%EF%BC%B7ork.txt'],
  ['a letter that Unicode does not take apart becomes _', 'Straße.txt', 'filename=Stra_e.txt; filename*=UTF-8\'\'Stra%C3%9Fe.txt'],
  ['a run of CJK becomes one _', '報告書 2024.pdf', 'filename="_ 2024.pdf"; filename*=UTF-8\'\'%E5%A0%B1%E5%91%8A%E6%9B%B8%202024.pdf'],
  ['an emoji keeps its joiners', '👩‍💻.png', 'filename=_.png; filename*=UTF-8\'\'%F0%9F%91%A9%E2%80%8D%F0%9F%92%BB.png'],
  ['a name of marks alone', '\u0301', 'filename=download; filename*=UTF-8\'\'%CC%81'],

  ['quotes and backslashes become _', 'a"b\\c.txt', 'filename=a_b_c.txt; filename*=UTF-8\'\'a_b_c.txt'],
  ['line breaks are dropped, so no header is added', 'a\r\nSet-Cookie: b=c', 'filename="aSet-Cookie_ b=c"; filename*=UTF-8\'\'aSet-Cookie_%20b%3Dc'],
  ['other control characters are dropped', 'a\u0000\t\u001b[31m\u007f\u0085b.txt', 'filename="a[31mb.txt"; filename*=UTF-8\'\'a%5B31mb.txt'],
  ['line and paragraph separators are dropped', 'a\u2028b\u2029.txt', 'filename=ab.txt; filename*=UTF-8\'\'ab.txt'],
  ['a right-to-left override is dropped: the name is seen as it is', 'invoice\u202egnp.exe', 'filename=invoicegnp.exe; filename*=UTF-8\'\'invoicegnp.exe'],
  ['all bidirectional controls are dropped', '\u061ca\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069.txt', 'filename=a.txt; filename*=UTF-8\'\'a.txt'],
  ['lone surrogates become _', '\ud800a\udfff.txt', 'filename=_a_.txt; filename*=UTF-8\'\'_a_.txt'],
  ['what Windows refuses becomes _', 'a<b>c:d|e?f*g.txt', 'filename=a_b_c_d_e_f_g.txt; filename*=UTF-8\'\'a_b_c_d_e_f_g.txt'],
  ['a path is no longer a path', '../../etc/passwd', 'filename=_.._etc_passwd; filename*=UTF-8\'\'_.._etc_passwd'],
  ['what Windows refuses is replaced in a name beyond ASCII too', 'é:é.txt', 'filename=e_e.txt; filename*=UTF-8\'\'%C3%A9_%C3%A9.txt'],

  ['a percent sequence is broken in the ASCII form', '50%41%4a.txt', 'filename=50_41_4a.txt; filename*=UTF-8\'\'50%2541%254a.txt'],
  ['any other percent sign stays', '100%.txt', 'filename=100%.txt; filename*=UTF-8\'\'100%25.txt'],
  ['a full-width percent sign makes no sequence', '％41', 'filename=_41; filename*=UTF-8\'\'%EF%BC%8541'],
  ['full-width slashes and dots make no path', '．．／etc', 'filename=_etc; filename*=UTF-8\'\'%EF%BC%8E%EF%BC%8E%EF%BC%8Fetc'],
  ['a character that holds a slash makes no path', '℀.txt', 'filename=a_c.txt; filename*=UTF-8\'\'%E2%84%80.txt'],

  ['a leading dot is dropped', '.env', 'filename=env; filename*=UTF-8\'\'env'],
  ['leading dots and blanks are dropped', ' . ..bashrc', 'filename=bashrc; filename*=UTF-8\'\'bashrc'],
  ['trailing dots and blanks are dropped, as Windows does', 'a.exe. .', 'filename=a.exe; filename*=UTF-8\'\'a.exe'],
  ['blanks of other scripts are dropped at the edges', '\u3000a.txt\u00a0', 'filename=a.txt; filename*=UTF-8\'\'a.txt'],
  ['dots within stay', 'a..b.tar.gz', 'filename=a..b.tar.gz; filename*=UTF-8\'\'a..b.tar.gz'],
  ['a dot that a dropped character hid is dropped', '\u202e.env', 'filename=env; filename*=UTF-8\'\'env'],

  ['a device name', 'CON', 'filename=_CON; filename*=UTF-8\'\'_CON'],
  ['a device name with an extension', 'nul.txt', 'filename=_nul.txt; filename*=UTF-8\'\'_nul.txt'],
  ['a device name with two extensions', 'Com1.tar.gz', 'filename=_Com1.tar.gz; filename*=UTF-8\'\'_Com1.tar.gz'],
  ['a device name with blanks before its extension', 'AUX  .txt', 'filename="_AUX  .txt"; filename*=UTF-8\'\'_AUX%20%20.txt'],
  ['a device name with trailing dots', 'prn...', 'filename=_prn; filename*=UTF-8\'\'_prn'],
  ['a device name that a dropped character hid', 'lp\u202et9', 'filename=_lpt9; filename*=UTF-8\'\'_lpt9'],
  ['a device name with a superscript digit', 'COM¹.txt', 'filename=_COM1.txt; filename*=UTF-8\'\'_COM%C2%B9.txt'],
  ['a device name in the ASCII form alone', 'ＣＯＮ.txt', 'filename=_CON.txt; filename*=UTF-8\'\'%EF%BC%A3%EF%BC%AF%EF%BC%AE.txt'],
  ['the devices of the console', 'conin$', 'filename=_conin$; filename*=UTF-8\'\'_conin%24'],
  ['a name that only starts like a device', 'console.txt', 'filename=console.txt; filename*=UTF-8\'\'console.txt'],
  ['a number beyond the devices', 'com10.txt', 'filename=com10.txt; filename*=UTF-8\'\'com10.txt'],
  ['a device name followed by a word', 'aux cable.pdf', 'filename="aux cable.pdf"; filename*=UTF-8\'\'aux%20cable.pdf'],

  ['an empty name', '', 'filename=download; filename*=UTF-8\'\'download'],
  ['a name of blanks', ' \u3000', 'filename=download; filename*=UTF-8\'\'download'],
  ['a name of dots', '...', 'filename=download; filename*=UTF-8\'\'download'],
  ['a name of dropped characters', '\u202e\r\n', 'filename=download; filename*=UTF-8\'\'download'],

  ['255 bytes of ASCII stay', 'x'.repeat(251) + '.pdf', `filename=${'x'.repeat(251)}.pdf; filename*=UTF-8''${'x'.repeat(251)}.pdf`],
  ['255 bytes of UTF-8 stay', '報'.repeat(84) + '.md', `filename=_.md; filename*=UTF-8''${'%E5%A0%B1'.repeat(84)}.md`],
  ['a longer name is cut before its extension', 'x'.repeat(300) + '.pdf', `filename=${'x'.repeat(251)}.pdf; filename*=UTF-8''${'x'.repeat(251)}.pdf`],
  ['a longer name is cut between characters', '報'.repeat(90) + '.md', `filename=_.md; filename*=UTF-8''${'%E5%A0%B1'.repeat(84)}.md`],
  ['no pair of surrogates is cut', 'a' + '😀'.repeat(70) + '.md', `filename=a_.md; filename*=UTF-8''a${'%F0%9F%98%80'.repeat(62)}.md`],
  ['a long tail after a dot is not an extension', 'a.' + 'b'.repeat(300), `filename=a.${'b'.repeat(253)}; filename*=UTF-8''a.${'b'.repeat(253)}`],
  ['a blank at the cut is dropped', 'a'.repeat(254) + ' ' + 'b'.repeat(50), `filename=${'a'.repeat(254)}; filename*=UTF-8''${'a'.repeat(254)}`],
  ['a device name of 255 bytes stays within them', 'con.' + 'x'.repeat(251), `filename=_con.${'x'.repeat(250)}; filename*=UTF-8''_con.${'x'.repeat(250)}`],
  ['a cut that leaves a device name', 'con' + ' '.repeat(260) + 'x', 'filename=_con; filename*=UTF-8\'\'_con'],
  ['an ASCII form longer than the name is cut too', '㎢'.repeat(85), `filename=${'km2'.repeat(85)}; filename*=UTF-8''${'%E3%8E%A2'.repeat(85)}`],
  ['an ASCII form that would be too long', '⑽'.repeat(85), `filename="${'(10)'.repeat(64).slice(0, 255)}"; filename*=UTF-8''${'%E2%91%BD'.repeat(85)}`],
]

for (const [behaviour, fileName, parameters] of rows) {
  t.test(behaviour, async (t) => {
    t.equal(contentDisposition('attachment', fileName), `attachment; ${parameters}`)
  })
}

t.test('inline carries the same names', async (t) => {
  t.equal(contentDisposition('inline', '€.png'), 'inline; filename=_.png; filename*=UTF-8\'\'%E2%82%AC.png')
})

for (const fileName of [
  'example.html', 'an example.html', '€ rates', 'naïve café.txt', '報告書 2024.pdf', '👩‍💻 party.png', '100%.txt', '50%41.txt',
  "it's (1); ok, yes=no.txt", 'a..b.tar.gz', 'u\u0308.txt', 'مستند.pdf', 'x'.repeat(251) + '.pdf', '報'.repeat(84) + '.md',
]) {
  t.test(`${JSON.stringify(fileName.slice(0, 40))} comes back as it was`, async (t) => {
    const { type, parameters } = parse(contentDisposition('attachment', fileName))
    t.equal(type, 'attachment')
    t.equal(parameters.filename, fileName)
  })
}

const anyName = fc.oneof(
  fc.string({ unit: codePoint }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength: 300 }),
  fc.string({ unit: fc.constantFrom('.', ' ', '%', '4', 'é', '"', '\\', '/', '\r\n', '\u202e', '\ud800', '😀', '／', '％', 'con', '¹'), maxLength: 300 }),
)
const storable = (name: string | undefined): boolean => name !== undefined && name !== '' && Buffer.byteLength(name) <= 255 &&
  !/[\p{Cc}\p{Bidi_Control}\p{Surrogate}<>:"/\\|?*]/u.test(name) && !/^[.\s]|[.\s]$/.test(name) &&
  !/^(?:con|prn|aux|nul|(?:com|lpt)\d) *(?:\.|$)/i.test(name)

t.test('any name gives a header of printable ASCII that Node sends, and two names that every system stores', async () => {
  fc.assert(fc.property(anyName, (fileName) => {
    const header = contentDisposition('attachment', fileName)
    validateHeaderValue('content-disposition', header)
    const { filename: ascii, 'filename*': extended } = parse(header, { extended: false }).parameters
    const { filename } = parse(header).parameters
    return /^[\x20-\x7e]+$/.test(header) && storable(ascii) && storable(filename) && !/%[0-9a-f]{2}/i.test(ascii ?? '') &&
      extended !== undefined
  }), { numRuns: 2000 })
})

t.test('a name that was made storable stays as it is', async () => {
  fc.assert(fc.property(anyName, (fileName) => {
    const header = contentDisposition('attachment', fileName)
    return contentDisposition('attachment', parse(header).parameters.filename ?? '') === header
  }), { numRuns: 2000 })
})
