import t from 'tap'
import { formatReprDigest } from '../../../http/repr-digest.js'

// RFC 9530, appendix B.1: `{"hello": "world"}` and a line feed.
const sha256 = '44aff4ab2d7c3250525675a08f0cfa9591168cffe51791c5f5bbc417c15a6c38'

t.test('digests are a dictionary of byte sequences', async (t) => {
  t.equal(formatReprDigest({ sha256 }), 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:')
  t.equal(formatReprDigest({ crc32c: 'e3069283', md5: '50521abab7a013be83ee00ded3f9f424', sha256 }),
    'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:, md5=:UFIauregE76D7gDe0/n0JA==:, crc32c=:4waSgw==:')
})

t.test('without a digest there is no field', async (t) => {
  t.equal(formatReprDigest({}), undefined)
})
