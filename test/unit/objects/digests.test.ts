import t from 'tap'
import { type KeptDigest, describeDigests, digestPattern, digestsOf, listDigests } from '../../../objects/digests.js'

const [one, other] = ['1'.repeat(64), '2'.repeat(64)]
const md5 = 'd41d8cd98f00b204e9800998ecf8427e'
const claim: KeptDigest = { algorithm: 'sha256', value: one, entityTag: null, isConfirmable: false }
const verified: KeptDigest = { algorithm: 'sha256', value: one, entityTag: 'tag', isConfirmable: false }

t.test('a claim is nothing but a claim, whatever the entity tag', async (t) => {
  for (const tag of [undefined, '', 'tag']) {
    t.strictSame(digestsOf([claim], tag), { verified: {}, claimed: { sha256: one } })
    t.strictSame(describeDigests(digestsOf([claim], tag)), { claimedSha256: one })
  }
})

t.test('what was verified holds for its entity tag alone, with quotes or without', async (t) => {
  for (const tag of ['tag', '"tag"']) t.strictSame(digestsOf([verified], tag).verified, { sha256: one })
  for (const tag of [undefined, '', 'other', 'tag-1']) t.strictSame(digestsOf([verified], tag).verified, {})
})

t.test('a claim that was found true is not repeated; one that was found false is', async (t) => {
  t.strictSame(describeDigests(digestsOf([claim, verified], 'tag')), { sha256: one })
  t.strictSame(describeDigests(digestsOf([{ ...claim, value: other }, verified], 'tag')), { sha256: one, claimedSha256: other })
})

t.test('an MD5 that was claimed is verified by the entity tag that is the same, and by no other', async (t) => {
  const kept: KeptDigest[] = [{ algorithm: 'md5', value: md5, entityTag: null, isConfirmable: false }]
  t.strictSame(digestsOf(kept, `"${md5}"`).verified, { md5 })
  t.strictSame(digestsOf(kept, `"${md5}-1"`).verified, {})
  t.strictSame(digestsOf([], `"${md5}"`).verified, {}, 'a tag alone may be anything')
})

t.test('what the store says of the bytes counts, but not against what was read', async (t) => {
  t.strictSame(digestsOf(undefined, '"tag"', { sha256: one, crc32c: 'e3069283' }), { verified: { sha256: one, crc32c: 'e3069283' }, claimed: {} })
  t.strictSame(digestsOf([verified], '"tag"', { sha256: other }).verified, { sha256: one })
})

t.test('of a file of which nothing is known, nothing is said', async (t) => {
  for (const tag of [undefined, '', 'tag']) {
    t.strictSame(digestsOf(undefined, tag), { verified: {}, claimed: {} })
    t.strictSame(describeDigests(digestsOf(undefined, tag)), {})
  }
})

t.test('what was verified and never claimed is said without a claim', async (t) => {
  t.strictSame(describeDigests(digestsOf([verified], 'tag')), { sha256: one })
})

t.test('digests are listed in one order, and those alone that there are', async (t) => {
  t.strictSame(listDigests({ crc32c: 'e3069283', md5, sha256: one }), [
    { algorithm: 'sha256', value: one }, { algorithm: 'md5', value: md5 }, { algorithm: 'crc32c', value: 'e3069283' },
  ])
  t.strictSame(listDigests({ md5 }), [{ algorithm: 'md5', value: md5 }])
  t.strictSame(listDigests({}), [])
})

t.test('digests are hexadecimal of just their length', async (t) => {
  const pattern = new RegExp(digestPattern('sha256'))
  for (const text of [one, 'aB'.repeat(32)]) t.ok(pattern.test(text))
  for (const text of ['', one.slice(1), `${one}0`, `${one}\n`, 'g'.repeat(64), Buffer.from(one, 'hex').toString('base64')]) t.notOk(pattern.test(text))
})
