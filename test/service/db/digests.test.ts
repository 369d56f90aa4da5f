import { sql } from 'kysely'
import t from 'tap'
import {
  claimDigests, describeCountedFiles, endConfirmation, forgetClaims, keepVerifiedDigests, listConfirmableKeys, readDigests,
} from '../../../db/digests.js'
import { takeLease } from '../../../db/leases.js'
import { beginVerification, saveVerification } from '../../../db/verifications.js'
import { catalogueFiles } from '../../support/catalogued-files.js'
import { databaseKinds, emptyTables } from '../../support/database.js'

const id = '00000000-0000-4000-8000-000000000001'
const keyOf = (name: string) => `acme/workflows/${id}/runs/${id}/users/${id}/outputs/AAAAAAAAAAAAAAAAAAAAAA/${name}`
const [one, two] = ['1'.repeat(64), '2'.repeat(64)]
const md5 = 'd41d8cd98f00b204e9800998ecf8427e'

for (const { name, skip, create } of databaseKinds) {
  t.test(`digests on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))
    /** Files are counted with the tag `tag-7`. */
    const count = async (...names: string[]) => {
      const eventTime = new Date(Date.now() - 60_000)
      await catalogueFiles(database, names.map((each) => ({ objectKey: keyOf(each), sizeBytes: 7, eventTime })))
    }
    const kept = async (each: string) => (await readDigests(database, [keyOf(each)])).get(keyOf(each))
    const claim = (algorithm: 'sha256' | 'md5', value: string) => ({ algorithm, entityTag: null, value, isConfirmable: false })

    t.test('that were claimed are kept with the file\'s tag, and of other files nothing is said', async (t) => {
      await claimDigests(database, keyOf('a'), { sha256: one, md5 }, [])
      await claimDigests(database, keyOf('b'), { sha256: two }, [])
      await claimDigests(database, keyOf('c'), {}, ['sha256'])
      await count('b')
      const digests = await readDigests(database, ['a', 'b', 'c', 'd'].map(keyOf))
      t.strictSame([...digests.keys()].sort(), [keyOf('a'), keyOf('b')])
      const { kept: ofA = [], countedTag } = digests.get(keyOf('a')) ?? {}
      t.strictSame(ofA.toSorted((left, right) => left.algorithm < right.algorithm ? -1 : 1), [claim('md5', md5), claim('sha256', one)])
      t.equal(countedTag, undefined)
      t.strictSame(digests.get(keyOf('b')), { kept: [claim('sha256', two)], countedTag: 'tag-7' })
      t.strictSame(await describeCountedFiles(database, [keyOf('b'), keyOf('c')]), new Map([[keyOf('b'), { claimedSha256: two }]]))
    })

    t.test('that were verified take the place of those of another tag, and not of the same', async (t) => {
      const verified = async (entityTag: string, sha256: string) => {
        await keepVerifiedDigests(database, keyOf('a'), entityTag, { sha256 })
        return (await kept('a'))?.kept
      }
      t.strictSame(await verified('x', one), [{ algorithm: 'sha256', entityTag: 'x', value: one, isConfirmable: false }])
      t.strictSame(await verified('x', two), [{ algorithm: 'sha256', entityTag: 'x', value: one, isConfirmable: false }])
      t.strictSame(await verified('y', two), [{ algorithm: 'sha256', entityTag: 'y', value: two, isConfirmable: false }])
      await claimDigests(database, keyOf('a'), { sha256: one }, [])
      t.equal((await kept('a'))?.kept.length, 2, 'a claim is kept beside it')
      await keepVerifiedDigests(database, keyOf('b'), 'x', {})
      t.equal(await kept('b'), undefined)
    })

    t.test('that the store can confirm are listed for counted files, in order, until it was asked', async (t) => {
      for (const each of ['a', 'b', 'c', 'd']) await claimDigests(database, keyOf(each), { sha256: one, md5 }, ['sha256', 'md5'])
      await claimDigests(database, keyOf('e'), { sha256: one }, ['md5'])
      await count('a', 'b', 'c', 'e')
      const listed = async (after = '', limit = 10) => await listConfirmableKeys(database, { after, limit })
      t.strictSame(await listed(), ['a', 'b', 'c'].map(keyOf))
      t.strictSame(await listed('', 2), ['a', 'b'].map(keyOf))
      t.strictSame(await listed(keyOf('a')), ['b', 'c'].map(keyOf))
      const confirmable = async (each: string) => (await kept(each))?.kept.map(({ isConfirmable }) => isConfirmable)
      t.strictSame(await confirmable('b'), [true, true])
      await endConfirmation(database, keyOf('b'))
      t.strictSame(await confirmable('b'), [false, false])
      t.strictSame(await listed(), ['a', 'c'].map(keyOf))
      t.equal((await kept('b'))?.kept.length, 2, 'what was claimed stays')
      await catalogueFiles(database, [{ objectKey: keyOf('c'), sizeBytes: undefined, eventTime: new Date() }])
      t.strictSame(await listed(), [keyOf('a')])
    })

    t.test('of a file that never arrived are forgotten, and of one that did are not', async (t) => {
      for (const each of ['a', 'b']) await claimDigests(database, keyOf(each), { sha256: one }, [])
      await count('b')
      for (const each of ['a', 'b']) await forgetClaims(database, keyOf(each))
      t.strictSame([await kept('a'), (await kept('b'))?.kept.length], [undefined, 1])
    })

    t.test('that were computed are kept with how far reading has got, from where the next begins', async (t) => {
      const lease = await takeLease(database, 'verify')
      if (lease === undefined) throw new Error('It was not taken.')
      t.teardown(() => lease.release())
      const begin = async (scope: string, restart = false) => await beginVerification(database, lease, scope, { restart })
      const nothing = { checkpoint: '', counts: { readCount: 0, readBytes: 0n, mismatchCount: 0, unreadableCount: 0 } }
      const progress = { checkpoint: keyOf('a'), counts: { readCount: 4, readBytes: 2n ** 60n, mismatchCount: 2, unreadableCount: 1 } }
      const save = async (isFinished: boolean) => {
        const computed = [{ objectKey: keyOf('a'), entityTag: 'tag', digests: { sha256: one } }]
        await saveVerification(database, lease, 'acme', progress, { computed, isFinished })
      }
      t.strictSame(await begin('acme'), nothing)
      await save(false)
      t.strictSame((await kept('a'))?.kept, [{ algorithm: 'sha256', entityTag: 'tag', value: one, isConfirmable: false }])
      t.strictSame(await begin('acme'), progress)
      t.strictSame(await begin(''), nothing, 'of another scope')
      t.strictSame(await begin('acme', true), nothing, 'started over')
      await save(true)
      t.strictSame(await begin('acme'), nothing, 'it had ended')
      const { rows } = await sql`select scope from verifications order by scope`.execute(database)
      t.strictSame(rows.map((row) => ({ ...row as object })), [{ scope: '' }, { scope: 'acme' }])
    })
  })
}
