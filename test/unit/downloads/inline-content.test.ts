import fc from 'fast-check'
import { validateHeaderValue } from 'node:http'
import t from 'tap'
import { activeContentPolicy, inlineSafety, sentContentType } from '../../../downloads/inline-content.js'
import { codePoint } from '../../support/code-point.js'

for (const storedType of [
  'image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/x-icon', 'audio/mpeg', 'audio/ogg', 'video/mp4', 'video/webm',
  'application/pdf', 'application/json', 'text/plain', 'text/csv', 'text/plain; charset=iso-8859-1', 'TEXT/Plain', 'text/plain;', ' image/PNG ;x="y"',
  'image/x+xmlish',
]) {
  t.test(`${storedType} is safe inline`, async (t) => {
    t.equal(inlineSafety(storedType), 'safe')
  })
}

for (const storedType of [
  undefined, '', 'text', 'text/html', 'TEXT/HTML', 'text/html; charset=utf-8', 'application/xhtml+xml', 'image/svg+xml', 'Image/SVG+XML;x=y',
  'image/anything+xml', 'audio/x+xml', 'video/x+xml', 'text/xml', 'application/xml', 'application/rss+xml', 'text/javascript',
  'application/javascript', 'application/x-javascript', 'text/css', 'text/markdown', 'text/calendar', 'text/x-component',
  'multipart/x-mixed-replace', 'message/rfc822', 'application/octet-stream', 'application/zip', 'application/x-shockwave-flash',
  'application/wasm', 'application/json-seq', 'application/pdfx', 'xtext/plain', 'ximage/png', 'text/plainx', 'unknown/unknown', '*/*',
  'text/plain, text/html', 'text/plain text/html', 'text/plain; charset', 'image/png\r\n\r\n<script>', 'image/png;"',
]) {
  t.test(`${JSON.stringify(storedType)} is active inline`, async (t) => {
    t.equal(inlineSafety(storedType), 'active')
  })
}

t.test('a stored type is sent as it is, without a charset added', async (t) => {
  t.equal(sentContentType('text/plain'), 'text/plain')
  t.equal(sentContentType('Text/HTML; Charset="Shift_JIS"'), 'Text/HTML; Charset="Shift_JIS"')
  t.equal(sentContentType(' image/png '), 'image/png')
})

t.test('a missing or malformed type is sent as application/octet-stream', async (t) => {
  for (const storedType of [undefined, '', 'png', 'text/plain, text/html', 'text/plain\r\nX: y']) {
    t.equal(sentContentType(storedType), 'application/octet-stream', JSON.stringify(storedType))
  }
})

t.test('any stored type gives a header that Node sends, and is safe only where it is sent as itself', async () => {
  const almost = fc.tuple(fc.constantFrom('image/png', 'text/plain', 'text/html'), fc.string({ unit: codePoint })).map((parts) => parts.join(''))
  fc.assert(fc.property(fc.oneof(fc.string({ unit: codePoint }), almost), (storedType) => {
    const contentType = sentContentType(storedType)
    validateHeaderValue('content-type', contentType)
    return inlineSafety(storedType) === inlineSafety(contentType)
  }))
})

function directives (policy: string): Map<string, string[]> {
  return new Map(policy.split(';').map((directive) => {
    const [name = '', ...values] = directive.trim().split(' ')
    return [name, values] as const
  }))
}

t.test('sandboxed content may do nothing, and shows what it carries within itself', async (t) => {
  const policy = directives(activeContentPolicy('sandbox'))
  t.same(policy.get('sandbox'), [])
  t.same(policy.get('default-src'), ["'none'"])
  t.same(policy.get('script-src'), undefined)
  t.same(policy.get('style-src'), ["'unsafe-inline'", 'data:'])
  t.same(policy.get('img-src'), ['data:'])
})

t.test('with scripts, content may run them and nothing else', async (t) => {
  const policy = directives(activeContentPolicy('scripts'))
  t.same(policy.get('sandbox'), ['allow-scripts'])
  t.same(policy.get('default-src'), ["'none'"])
  t.same(policy.get('script-src'), ["'unsafe-inline'", "'unsafe-eval'", 'data:'])
  t.same(policy.get('webrtc'), ["'block'"])
})

t.test('content that is to be downloaded has the strictest policy all the same', async (t) => {
  t.equal(activeContentPolicy('attachment'), activeContentPolicy('sandbox'))
})

t.test('no policy names a host, or lets content act as the service\'s own origin', async (t) => {
  for (const setting of ['sandbox', 'scripts', 'attachment'] as const) {
    const policy = activeContentPolicy(setting)
    t.notMatch(policy, /allow-same-origin|'self'|https?:|\*/, setting)
    validateHeaderValue('content-security-policy', policy)
  }
})
