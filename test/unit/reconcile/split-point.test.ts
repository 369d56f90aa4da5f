import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { compareObjectKeys } from '../../../objects/key-order.js'
import { ComparedRange } from '../../../reconcile/compared-range.js'
import { findSplitPoint } from '../../../reconcile/split-point.js'
import { DisorderedListingError } from '../../../store/distinct-keys.js'
import type { ListBucket } from '../../../store/listing-pages.js'
import { compareAsFolders, listedBucket } from '../../support/listed-bucket.js'

const id = (number: number) => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
const randomId = (number: number) =>
  createHash('sha256').update(String(number)).digest('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
const signal = new AbortController().signal
/** A bucket with pages of few keys, whatever is requested. */
const inPagesOf = (pageKeys: number, bucket: ListBucket): ListBucket =>
  (range) => bucket({ ...range, pageKeys: Math.min(range.pageKeys ?? pageKeys, pageKeys) })

t.test('a range is divided behind its next page, and before its last key', async (t) => {
  const unit = fc.constantFrom('0', '1', 'a', 'f', '/', '-', '~', '\u{7f}', 'ü', '\u{ffff}', '\u{10ffff}')
  const key = fc.string({ unit, minLength: 1, maxLength: 5 })
  let dividedCount = 0
  await fc.assert(fc.asyncProperty(fc.uniqueArray(key, { minLength: 1, maxLength: 30 }), fc.option(key), fc.boolean(),
    async (keys, end, hasPrefix) => {
      const prefix = hasPrefix ? 'acme/' : ''
      const all = keys.map((each) => `${prefix}${each}`).sort(compareObjectKeys)
      const through = end === null ? undefined : `${prefix}${end}`
      const range = new ComparedRange({ startAfter: '', through })
      const scope = { listBucket: inPagesOf(3, listedBucket(new Set(all))), prefix, signal }
      const found = await findSplitPoint(scope, range)
      const within = all.filter((each) => range.reaches(each))
      if (found === undefined) return
      dividedCount++
      t.ok(compareObjectKeys(found, within[1] ?? '') >= 0 && compareObjectKeys(found, within.at(-1) ?? '') < 0, JSON.stringify({ all, found }))
      t.ok(range.divide(found))
    }))
  t.ok(dividedCount > 10, `${dividedCount} were divided`)
})

t.test('identifiers are cut about in half, at whatever depth they differ', async (t) => {
  const shapes: Array<[string, (index: number) => string]> = [
    ['runs', (index) => `acme/workflows/${id(1)}/runs/${randomId(index)}/users/${id(2)}/outputs/AAAAAAAAAAAAAAAAAAAAAA/a`],
    ['runs by number', (index) => `acme/workflows/${id(1)}/runs/${id(index)}/users/${id(2)}/outputs/AAAAAAAAAAAAAAAAAAAAAA/a`],
    ['files of one run', (index) => {
      const token = createHash('sha256').update(String(index)).digest('base64url').slice(0, 22)
      return `acme/workflows/${id(1)}/runs/${id(3)}/users/${id(2)}/outputs/${token}/a`
    }],
    ['organisations', (index) => `${randomId(index)}/workflows/${id(1)}/runs/${id(3)}/users/${id(2)}/outputs/AAAAAAAAAAAAAAAAAAAAAA/a`],
  ]
  for (const [name, keyOf] of shapes) {
    const keys = Array.from({ length: 4_000 }, (_, index) => keyOf(index)).sort(compareObjectKeys)
    let questions = 0
    const bucket = listedBucket(new Set(keys), { beforePage: async () => { questions++ } })
    const found = await findSplitPoint({ listBucket: inPagesOf(50, bucket), prefix: '', signal },
      new ComparedRange({ startAfter: '', through: undefined }))
    const share = keys.filter((each) => compareObjectKeys(each, found ?? '') <= 0).length / keys.length
    t.ok(share > 0.2 && share < 0.8, `${name}: ${share}`)
    t.ok(questions < 60, `${name}: ${questions} questions`)
  }
})

t.test('one that has no more than a page left is not divided, nor are the files of one folder', async (t) => {
  const find = async (keys: string[], through?: string) => await findSplitPoint(
    { listBucket: inPagesOf(3, listedBucket(new Set(keys))), prefix: '', signal }, new ComparedRange({ startAfter: '', through }))
  t.equal(await find([]), undefined)
  t.equal(await find(['a', 'b', 'c']), undefined)
  t.equal(await find(['a', 'b', 'c', 'd', 'e'], 'b'), undefined)
  const folder = `acme/workflows/${id(1)}/runs/${id(3)}/users/${id(2)}/outputs/AAAAAAAAAAAAAAAAAAAAAA`
  t.equal(await find(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => `${folder}/${name}`)), undefined)
})

t.test('organisations that are listed late are noticed, where a range would end before them', async (t) => {
  const keys = ['acme', 'acme-eu'].flatMap((orgKey) => Array.from({ length: 20 }, (_, index) => `${orgKey}/${index + 10}`))
  const find = async (listBucket: ListBucket, startAfter = '') => await findSplitPoint(
    { listBucket: inPagesOf(3, listBucket), prefix: '', signal }, new ComparedRange({ startAfter, through: undefined }))
  const asFolders = listedBucket(new Set(keys), { order: compareAsFolders })
  await t.rejects(find(asFolders), DisorderedListingError)
  t.match(await find(listedBucket(new Set(keys))), /^acme/)
  t.match(await find(listedBucket(new Set(keys)), 'acme/'), /^acme\/[12]/)
  t.match(await find(listedBucket(new Set(keys.filter((key) => !key.startsWith('acme-'))), { order: compareAsFolders })), /^acme\//)
})
