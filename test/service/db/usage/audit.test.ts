import t from 'tap'
import { auditSums } from '../../../../db/usage/audit.js'
import { emptyTables } from '../../../support/database.js'
import { databaseKindsAndRole } from '../../../support/role-database.js'

const workflowId = '00000000-0000-4000-8000-000000000001'
const createdBy = '10000000-0000-4000-8000-000000000001'
const otherUser = '10000000-0000-4000-8000-000000000002'
const sum = { org_key: 'acme', workflow_id: workflowId, created_by: createdBy, direction: 'inputs' as const }
const row = (name: string, sizeBytes: bigint, removedAt: Date | null = null) => ({
  ...sum,
  object_key: `acme/workflows/${workflowId}/runs/${workflowId}/users/${createdBy}/inputs/AAAAAAAAAAAAAAAAAAAAAA/${name}`,
  run_id: workflowId,
  size_bytes: sizeBytes,
  removed_at: removedAt,
  observed_at: new Date(),
  revision: workflowId,
})

for (const { name, skip, create } of databaseKindsAndRole) {
  t.test(`the audit on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))

    t.test('finds nothing where the sums are those of the rows, tombstones left out', async (t) => {
      await database.insertInto('objects').values([row('a', 3n), row('b', 4n), row('c', 0n, new Date())]).execute()
      await database.insertInto('usage_sums').values([
        { ...sum, size_bytes: 7n, file_count: 2n }, { ...sum, direction: 'outputs', size_bytes: 0n, file_count: 0n },
      ]).execute()
      t.strictSame(await auditSums(database), [])
    })

    t.test('finds a sum of wrong bytes, of a wrong count, without rows, and rows without a sum', async (t) => {
      await database.insertInto('objects').values([
        row('a', 3n), { ...row('b', 4n), direction: 'outputs' }, { ...row('c', 0n), org_key: 'beta' },
      ]).execute()
      await database.insertInto('usage_sums').values([
        { ...sum, size_bytes: 4n, file_count: 1n },
        { ...sum, direction: 'outputs', size_bytes: 4n, file_count: 2n },
        { ...sum, org_key: 'gone', size_bytes: 2n ** 62n, file_count: 1n },
      ]).execute()
      const found = (orgKey: string, direction: string, kept: [bigint, bigint], actual: [bigint, bigint]) => ({
        orgKey,
        workflowId,
        runId: null,
        createdBy,
        direction,
        kept: { sizeBytes: kept[0], fileCount: kept[1] },
        actual: { sizeBytes: actual[0], fileCount: actual[1] },
      })
      const all = [
        found('acme', 'inputs', [4n, 1n], [3n, 1n]),
        found('acme', 'outputs', [4n, 2n], [4n, 1n]),
        found('beta', 'inputs', [0n, 0n], [0n, 1n]),
        found('gone', 'inputs', [2n ** 62n, 1n], [0n, 0n]),
      ]
      t.strictSame(await auditSums(database), all)
      t.strictSame(await auditSums(database, 2), all.slice(0, 2))
    })

    t.test('finds a run\'s sum that is wrong, one without rows, and rows without one', async (t) => {
      await database.insertInto('objects').values([
        row('a', 3n), row('b', 4n), { ...row('c', 5n), direction: 'outputs' }, { ...row('d', 6n), created_by: otherUser },
      ]).execute()
      await database.insertInto('usage_sums').values([
        { ...sum, size_bytes: 7n, file_count: 2n }, { ...sum, direction: 'outputs', size_bytes: 5n, file_count: 1n },
        { ...sum, created_by: otherUser, size_bytes: 6n, file_count: 1n },
      ]).execute()
      t.strictSame(await auditSums(database), [])
      await database.updateTable('run_sums').set({ file_count: 3n }).where('direction', '=', 'inputs').where('created_by', '=', createdBy).execute()
      await database.deleteFrom('run_sums').where('direction', '=', 'outputs').execute()
      await database.updateTable('run_sums').set({ direction: 'outputs' }).where('created_by', '=', otherUser).execute()
      const found = (createdBy: string, direction: string, kept: [bigint, bigint], actual: [bigint, bigint]) => ({
        orgKey: 'acme',
        workflowId,
        runId: workflowId,
        createdBy,
        direction,
        kept: { sizeBytes: kept[0], fileCount: kept[1] },
        actual: { sizeBytes: actual[0], fileCount: actual[1] },
      })
      t.strictSame(await auditSums(database), [
        found(createdBy, 'inputs', [7n, 3n], [7n, 2n]),
        found(createdBy, 'outputs', [0n, 0n], [5n, 1n]),
        found(otherUser, 'inputs', [0n, 0n], [6n, 1n]),
        found(otherUser, 'outputs', [6n, 1n], [0n, 0n]),
      ])
    })
  })
}
