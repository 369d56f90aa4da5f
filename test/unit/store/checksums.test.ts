import t from 'tap'
import { bindDigests, enforcedChecksums, readChecksums } from '../../../store/checksums.js'

const sha256 = '44aff4ab2d7c3250525675a08f0cfa9591168cffe51791c5f5bbc417c15a6c38'
const md5 = '50521abab7a013be83ee00ded3f9f424'
const crc32c = 'e3069283'
const inBase64 = { sha256: 'RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=', md5: 'UFIauregE76D7gDe0/n0JA==', crc32c: '4waSgw==' }
const read = (headers: Record<string, string>) => readChecksums((name) => headers[name])

t.test('of a store that nothing is known of, nothing is expected', async (t) => {
  t.strictSame(enforcedChecksums('auto', undefined), ['sha256', 'md5', 'crc32c'])
  t.strictSame(enforcedChecksums('auto', 'https://s3.eu-central-1.amazonaws.com'), ['sha256', 'md5', 'crc32c'])
  t.strictSame(enforcedChecksums('auto', 'https://ceph.example.com'), [])
  t.strictSame(enforcedChecksums('none', undefined), [])
  t.strictSame(enforcedChecksums('crc32c,md5', 'https://ceph.example.com'), ['md5', 'crc32c'])
})

t.test('an upload is bound to what the store enforces', async (t) => {
  t.strictSame(bindDigests({ sha256, md5, crc32c }, ['md5']), { headers: { 'content-md5': inBase64.md5 }, bound: ['md5'] })
  t.strictSame(bindDigests({ sha256, crc32c }, []), { headers: {}, bound: [] })
  t.strictSame(bindDigests({ crc32c }, ['crc32c', 'sha256']), { headers: { 'x-amz-checksum-crc32c': inBase64.crc32c }, bound: ['crc32c'] })
})

t.test('it is bound to one checksum of the newer kind at most', async (t) => {
  t.strictSame(bindDigests({ sha256, md5, crc32c }, ['sha256', 'md5', 'crc32c']), {
    headers: { 'x-amz-checksum-sha256': inBase64.sha256, 'content-md5': inBase64.md5 }, bound: ['sha256', 'md5'],
  })
})

t.test('checksums of a whole file are read, those of parts are not, nor what is none', async (t) => {
  t.strictSame(read({ 'x-amz-checksum-sha256': inBase64.sha256, 'x-amz-checksum-type': 'FULL_OBJECT' }), { sha256 })
  t.strictSame(read({ 'x-amz-checksum-crc32c': inBase64.crc32c }), { crc32c })
  t.strictSame(read({ 'x-amz-checksum-sha256': inBase64.sha256, 'x-amz-checksum-type': 'COMPOSITE' }), {})
  for (const value of [`${inBase64.sha256}-2`, inBase64.crc32c, '', sha256]) t.strictSame(read({ 'x-amz-checksum-sha256': value }), {})
})
