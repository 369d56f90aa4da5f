import { hash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { type SharePage, sharePageDocument, sharePageHeaders } from '../../../shares/page-document.js'

const page: SharePage = {
  prefix: 'out/',
  folders: [{ path: 'out/plots/', href: '/shared/files?link=a&prefix=out%2Fplots%2F' }],
  files: [
    { path: 'out/a.txt', direction: 'outputs', bytes: 1_500, createdAt: '2026-01-02T03:04:05.678Z', href: '/shared?link=b' },
    { path: 'out/b.txt', direction: 'inputs', bytes: 0, createdAt: null, href: '/shared?link=c' },
  ],
  archiveHref: '/shared/files/archive',
  expiresAt: new Date(Date.UTC(2026, 11, 31, 23, 59, 58)),
  nextHref: '/shared/files?link=a&cursor=d',
}
const empty: SharePage = { ...page, prefix: '', folders: [], files: [], nextHref: undefined }
const styleOf = (document: string) => /<style>(.+)<\/style>/s.exec(document)?.[1] ?? ''
/** What a browser shows and knows of the page, without its style. */
const withoutStyle = (document: string) => document.replace(/<style>.+<\/style>\n/s, '').split('\n')

t.test('a page lists folders, files and where it continues, each by its name below the prefix', async (t) => {
  t.strictSame(withoutStyle(sharePageDocument(page)), [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    '<meta name="robots" content="noindex">',
    '<title>Shared files: out/</title>',
    '</head>',
    '<body>',
    '<main>',
    '<h1><bdi>Shared files: out/</bdi></h1>',
    '<p>These links end on <time datetime="2026-12-31T23:59:58.000Z">2026-12-31 23:59 UTC</time>, or when they are revoked.</p>',
    '<p>All of them: <a href="/shared/files/archive">as a ZIP archive</a>, <a href="/shared/files/archive?format=tar">as a TAR archive</a>.</p>',
    '<table>',
    '<thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">Size</th><th scope="col">Stored</th></tr></thead>',
    '<tbody>',
    '<tr><td><a href="/shared/files?link=a&amp;prefix=out%2Fplots%2F"><bdi>plots/</bdi></a></td><td>folder</td><td></td><td></td></tr>',
    '<tr><td><a href="/shared?link=b"><bdi>a.txt</bdi></a></td><td>output</td><td>1.5 kB</td>' +
      '<td><time datetime="2026-01-02T03:04:05.678Z">2026-01-02 03:04 UTC</time></td></tr>',
    '<tr><td><a href="/shared?link=c"><bdi>b.txt</bdi></a></td><td>input</td><td>0 B</td><td></td></tr>',
    '</tbody>',
    '</table>',
    '<p><a href="/shared/files?link=a&amp;cursor=d" rel="next">More files</a></p>',
    '</main>',
    '</body>',
    '</html>',
    '',
  ])
})

t.test('a page without files says so, and names no other page', async (t) => {
  const document = sharePageDocument(empty)
  t.match(document, '<title>Shared files</title>')
  t.match(document, '<p>There are no files.</p>\n\n</main>')
  t.notMatch(document, /<table|<a /)
})

t.test('a prefix that ends within a name leaves the name whole', async (t) => {
  const document = sharePageDocument({ ...page, prefix: 'out/a' })
  t.match(document, '<bdi>a.txt</bdi>')
})

t.test('whatever a name holds is text, and the page is the same around it', async (t) => {
  const plain = sharePageDocument(page)
  const shape = (document: string) => document.replaceAll(/[^<>"]/g, '')
  const read = (text: string) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', '\'')
    .replaceAll('&amp;', '&')
  const hostile = fc.string({ unit: fc.constantFrom('<', '>', '&', '"', '\'', '&lt;', '<script>', '<!--', 'javascript:', '\u202e', 'a') })
  fc.assert(fc.property(hostile, hostile, (name, href) => {
    const document = sharePageDocument({ ...page, prefix: `${name}/`, files: [{ path: `${name}/${name}`, direction: 'inputs', bytes: 1, createdAt: null, href }], folders: [] })
    const [, shownHref = '', shownName = ''] = /<td><a href="([^"]*)"><bdi>([^<]*)<\/bdi>/.exec(document) ?? []
    t.strictSame([read(shownHref), read(shownName)], [href, name])
    t.equal(shape(document), shape(sharePageDocument({ ...page, folders: [], files: page.files.slice(1) })))
  }))
  t.match(plain, '<bdi>a.txt</bdi>')
})

t.test('sizes have three digits, in decimal units', async (t) => {
  for (const [bytes, size] of [
    [0, '0 B'], [999, '999 B'], [1_000, '1 kB'], [1_234, '1.23 kB'], [12_340, '12.3 kB'], [999_000, '999 kB'], [1_000_000, '1 MB'],
    [2_500_000_000, '2.5 GB'], [5_497_558_138_880, '5.5 TB'], [1_000_000_000_000_000, '1000 TB'],
  ] as const) {
    const file = { path: 'a', direction: 'inputs', bytes, createdAt: null, href: '' }
    t.match(sharePageDocument({ ...empty, files: [file] }), `<td>${size}</td>`)
  }
})

t.test('the page runs nothing, loads nothing and is nobody else\'s frame; its own style alone counts', async (t) => {
  const style = styleOf(sharePageDocument(page))
  t.equal(style, styleOf(sharePageDocument(empty)))
  t.strictSame(sharePageHeaders, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; base-uri 'none'; ` +
      'form-action \'none\'; frame-ancestors \'none\'',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'x-frame-options': 'DENY',
  })
  for (const rule of ['body{font:16px/1.5 system-ui,sans-serif;', 'overflow-wrap:anywhere', 'th:nth-child(n+3),td:nth-child(n+3){text-align:right', '@media(prefers-color-scheme:dark){body{']) {
    t.ok(style.includes(rule), rule)
  }
  t.equal(style.split('{').length, style.split('}').length)
})
