import t from 'tap'
import { applyRecords } from '../../../../db/events/apply-records.js'
import { LeaseLostError, takeLease } from '../../../../db/leases.js'
import { parseObjectKey } from '../../../../objects/object-key.js'
import { applyObservations } from '../../../../reconcile/apply-observations.js'
import { databaseKinds } from '../../../support/database.js'

const id = '00000000-0000-4000-8000-000000000001'
const bounds = { clockSkewMs: 5_000, tombstoneRetentionMs: 30 * 24 * 3600 * 1000, isAmazonS3: false }
const objectKey = `acme/workflows/${id}/runs/${id}/users/${id}/outputs/AAAAAAAAAAAAAAAAAAAAAA/a.txt`

for (const { name, skip, create } of databaseKinds) {
  t.test(`what is written of an event on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    const parts = parseObjectKey(objectKey)
    if (parts === undefined) throw new TypeError('The key is not valid.')
    const change = { kind: 'created', sizeBytes: 10, entityTag: 'e' } as const

    t.test('is its version, and nothing is said of room that was not needed', async (t) => {
      const event = {
        objectKey,
        parts,
        change,
        eventSource: 'minio:s3',
        eventTime: new Date(Date.now() - 60_000),
        sequencer: undefined,
        versionId: 'v-1',
      }
      const onTrimmed = () => { t.fail('none was trimmed') }
      const [outcome] = await applyRecords(database, [{ event, record: null }], bounds, { onTrimmed })
      t.match(outcome, { kind: 'applied' })
      const rows = await database.selectFrom('objects').select(['version_id', 'size_bytes']).execute()
      t.strictSame(rows.map((row) => ({ ...row })), [{ version_id: 'v-1', size_bytes: 10n }])
    })

    t.test('is nothing for one who has lost the lease', async (t) => {
      const lease = await takeLease(database, 'reconcile')
      if (lease === undefined) throw new Error('It was not taken.')
      await lease.release()
      const observation = { change: { ...change, sizeBytes: 11 }, observedAt: new Date() }
      const { revision } = await database.selectFrom('objects').select('revision').executeTakeFirstOrThrow()
      const observed = { objectKey, parts, observation, revision }
      await t.rejects(applyObservations(database, [observed], 5_000, { lease }), LeaseLostError)
      t.equal((await database.selectFrom('objects').select('size_bytes').executeTakeFirstOrThrow()).size_bytes, 10n)
    })
  })
}
