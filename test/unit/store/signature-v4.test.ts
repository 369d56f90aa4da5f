import t from 'tap'
import { FixedCredentials } from '../../../store/credentials.js'
import { createPresign } from '../../../store/presigning.js'
import { UNSIGNED_PAYLOAD, canonicalQuery, deriveSigningKey, sign } from '../../../store/signature-v4.js'

const secretKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const credentials = new FixedCredentials({ accessKey: 'a', secretKey })
const scope = { date: '20130524', region: 'us-east-1' }

// Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters", the worked example.
t.test('a pre-signed GET has the signature of Amazon\'s worked example', async (t) => {
  const signature = sign({
    method: 'GET',
    path: '/test.txt',
    query: canonicalQuery([
      ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
      ['X-Amz-Credential', 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'],
      ['X-Amz-Date', '20130524T000000Z'],
      ['X-Amz-Expires', '86400'],
      ['X-Amz-SignedHeaders', 'host'],
    ]),
    headers: [['host', 'examplebucket.s3.amazonaws.com']],
    payloadHash: UNSIGNED_PAYLOAD,
  }, deriveSigningKey(secretKey, scope), scope, '20130524T000000Z')
  t.equal(signature, 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404')
})

// The same, "Authenticating Requests: Using the Authorization Header", the example of GET Object.
t.test('a GET with a signed range has the signature of Amazon\'s worked example', async (t) => {
  const payloadHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  const signature = sign({
    method: 'GET',
    path: '/test.txt',
    query: '',
    headers: [
      ['x-amz-date', '20130524T000000Z'],
      ['x-amz-content-sha256', payloadHash],
      ['range', 'bytes=0-9'],
      ['host', 'examplebucket.s3.amazonaws.com'],
    ],
    payloadHash,
  }, deriveSigningKey(secretKey, scope), scope, '20130524T000000Z')
  t.equal(signature, 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41')
})

t.test('a canonical query is sorted by name, then by value', async (t) => {
  t.equal(canonicalQuery([['a-b', '1'], ['a', 'z'], ['a', 'b'], ['A', ' ']]), 'A=%20&a=b&a=z&a-b=1')
})

t.test('the host is part of every signature, whatever other headers are', async (t) => {
  const urlOf = (endpoint: string, headers: Record<string, string>) => new URL(createPresign({
    endpoint, region: 'us-east-1', bucket: 'b', credentials,
  })({ method: 'PUT', objectKey: 'k', signedAt: new Date(0), expiresInSeconds: 60, headers }))
  for (const headers of [{}, { 'content-type': 'text/plain' }, { 'content-length': '0', 'x-amz-meta-a': '' }]) {
    const [one, other] = ['http://127.0.0.1:9000', 'http://127.0.0.1:9001'].map((endpoint) => urlOf(endpoint, headers))
    t.equal(one?.searchParams.get('X-Amz-SignedHeaders'), ['host', ...Object.keys(headers)].sort().join(';'))
    t.not(one?.searchParams.get('X-Amz-Signature'), other?.searchParams.get('X-Amz-Signature'))
  }
})

t.test('two URLs for the same request signed at the same time are equal, across days they differ', async (t) => {
  const presign = createPresign({ endpoint: 'http://127.0.0.1:9000', region: 'us-east-1', bucket: 'b', credentials })
  const at = (date: string) => presign({ method: 'GET', objectKey: 'k', signedAt: new Date(date), expiresInSeconds: 60 })
  const first = at('2026-01-01T23:59:59Z')
  const nextDay = at('2026-01-02T00:00:00Z')
  t.equal(at('2026-01-01T23:59:59Z'), first)
  t.match(nextDay, /X-Amz-Credential=a%2F20260102%2F/)
  t.not(nextDay.split('X-Amz-Signature=')[1], first.split('X-Amz-Signature=')[1])
})
