import t from 'tap'
import {
  capabilityHeaders, capabilityJsonHeaders, redirectHeaders, representationHeaders, sharedOriginHeaders, validatorHeaders,
} from '../../../downloads/headers.js'
import { activeContentPolicy } from '../../../downloads/inline-content.js'
import { dispositions } from '../../support/service.js'

const file = {
  entityTag: '"e"', lastModified: new Date(Date.UTC(2026, 0, 1)), contentType: 'text/plain', contentEncoding: undefined,
}
const settings = ['sandbox', 'scripts', 'attachment'] as const
const representations = dispositions.flatMap((disposition) => settings.flatMap((setting) =>
  ['text/plain', 'text/html'].map((contentType) => representationHeaders({ ...file, contentType }, 'a.txt', disposition, setting))))

t.test('no answer about a file hands its address on, is indexed, or leaves its type to guesses', async (t) => {
  t.strictSame(capabilityHeaders, { 'referrer-policy': 'no-referrer', 'x-robots-tag': 'noindex', 'x-content-type-options': 'nosniff' })
  for (const headers of [
    capabilityJsonHeaders, redirectHeaders, validatorHeaders(file), ...representations, ...[undefined, 'text/plain', 'text/html'].map(sharedOriginHeaders),
  ]) {
    t.match(headers, capabilityHeaders)
  }
})

t.test('no shared cache keeps one, nor gives the file to a client that asks for JSON', async (t) => {
  t.equal(capabilityJsonHeaders['cache-control'], 'private, no-store')
  for (const headers of [redirectHeaders, validatorHeaders(file), ...representations]) {
    t.match(headers, { 'cache-control': 'private, no-cache', vary: 'accept' })
  }
})

t.test('active content has a policy, whatever its disposition, and nothing else has one', async (t) => {
  for (const headers of representations) {
    const isActive = headers['content-type'] === 'text/html'
    t.equal('content-security-policy' in headers, isActive)
    if (isActive) t.match(headers['content-security-policy'], /^sandbox( allow-scripts)?; default-src 'none'/)
  }
})

t.test('a representation has the disposition that was decided, and the encoding that it is stored with', async (t) => {
  for (const disposition of dispositions) {
    const headers = representationHeaders({ ...file, contentEncoding: 'gzip' }, 'a.txt', disposition, 'sandbox')
    t.match(headers, { 'content-disposition': new RegExp(`^${disposition};`), 'content-encoding': 'gzip', 'accept-ranges': 'bytes' })
  }
  t.notOk('content-encoding' in representationHeaders(file, 'a.txt', 'inline', 'sandbox'))
})

t.test('a representation names the digests that were verified, and no others', async (t) => {
  const withDigests = { ...file, digests: { sha256: '00'.repeat(32) } }
  t.match(representationHeaders(withDigests, 'a.txt', 'inline', 'sandbox'), { 'repr-digest': `sha-256=:${Buffer.alloc(32).toString('base64')}:` })
  for (const digests of [undefined, {}]) {
    const headers = representationHeaders({ ...file, ...digests === undefined ? {} : { digests } }, 'a.txt', 'inline', 'sandbox')
    t.notOk('repr-digest' in headers)
  }
})

t.test('what shares the service\'s origin is shown in a sandbox, and is embedded by pages of the same site alone', async (t) => {
  for (const [contentType, policy] of [
    ['text/plain', 'sandbox'], ['image/png', 'sandbox'], ['application/pdf', 'sandbox'],
    ...['text/html', 'image/svg+xml', 'no type', undefined].map((active) => [active, activeContentPolicy('sandbox')] as const),
  ] as const) {
    t.strictSame(sharedOriginHeaders(contentType), {
      ...capabilityHeaders, 'cross-origin-resource-policy': 'same-site', 'content-security-policy': policy,
    })
  }
})
