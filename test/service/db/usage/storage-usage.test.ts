import t from 'tap'
import { InexactSumError, readStorageUsage } from '../../../../db/usage/storage-usage.js'
import { nameWorkflows } from '../../../../db/usage/workflow-names.js'
import { emptyTables } from '../../../support/database.js'
import { databaseKindsAndRole } from '../../../support/role-database.js'

const workflow = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`
const ada = '10000000-0000-4000-8000-000000000001'
const grace = '10000000-0000-4000-8000-000000000002'
const sums = (workflowId: string, createdBy: string, direction: 'inputs' | 'outputs', sizeBytes: bigint, fileCount: bigint, orgKey = 'acme') =>
  ({ org_key: orgKey, workflow_id: workflowId, created_by: createdBy, direction, size_bytes: sizeBytes, file_count: fileCount })

for (const { name, skip, create } of databaseKindsAndRole) {
  t.test(`storage usage on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))

    t.test('an organisation without files has zeros and no breakdown', async (t) => {
      t.strictSame(await readStorageUsage(database, { orgKey: 'nobody' }), {
        orgKey: 'nobody',
        totalBytes: 0,
        inputBytes: 0,
        outputBytes: 0,
        fileCount: 0,
        asOf: null,
        countedAt: null,
        reconciledAt: null,
        unfinishedBytes: null,
        unfinishedAsOf: null,
        breakdown: [],
      })
    })

    t.test('the breakdown adds up to the totals, biggest workflow first, then by id; an unnamed workflow is named by its id', async (t) => {
      await database.insertInto('usage_sums').values([
        sums(workflow(3), ada, 'inputs', 10n, 1n),
        sums(workflow(2), ada, 'outputs', 7n, 2n),
        sums(workflow(2), grace, 'inputs', 3n, 1n),
        sums(workflow(1), grace, 'outputs', 50n, 5n),
        sums(workflow(1), grace, 'outputs', 999n, 9n, 'other'),
      ]).execute()
      await nameWorkflows(database, 'acme', [{ workflowId: workflow(1), name: 'Old name' }])
      await nameWorkflows(database, 'acme', [{ workflowId: workflow(1), name: 'Nightly report' }])
      await nameWorkflows(database, 'other', [{ workflowId: workflow(2), name: 'Not ours' }])
      t.strictSame(await readStorageUsage(database, { orgKey: 'acme' }), {
        orgKey: 'acme',
        totalBytes: 70,
        inputBytes: 13,
        outputBytes: 57,
        fileCount: 9,
        asOf: null,
        countedAt: null,
        reconciledAt: null,
        unfinishedBytes: null,
        unfinishedAsOf: null,
        breakdown: [
          { workflowId: workflow(1), workflowName: 'Nightly report', bytes: 50, fileCount: 5 },
          { workflowId: workflow(2), workflowName: workflow(2), bytes: 10, fileCount: 3 },
          { workflowId: workflow(3), workflowName: workflow(3), bytes: 10, fileCount: 1 },
        ],
      })
    })

    t.test('one user\'s usage holds only the files that the user made', async (t) => {
      await database.insertInto('usage_sums').values([
        sums(workflow(1), ada, 'inputs', 10n, 1n),
        sums(workflow(1), grace, 'inputs', 5n, 1n),
        sums(workflow(2), ada, 'outputs', 1n, 1n),
      ]).execute()
      t.strictSame(await readStorageUsage(database, { orgKey: 'acme', createdBy: grace }), {
        orgKey: 'acme',
        totalBytes: 5,
        inputBytes: 5,
        outputBytes: 0,
        fileCount: 1,
        asOf: null,
        countedAt: null,
        reconciledAt: null,
        unfinishedBytes: null,
        unfinishedAsOf: null,
        breakdown: [{ workflowId: workflow(1), workflowName: workflow(1), bytes: 5, fileCount: 1 }],
      })
    })

    t.test('a workflow whose files are all gone is left out, one whose files are all empty is not', async (t) => {
      await database.insertInto('usage_sums').values([
        sums(workflow(1), ada, 'inputs', 0n, 0n),
        sums(workflow(2), ada, 'inputs', 0n, 2n),
      ]).execute()
      const { breakdown } = await readStorageUsage(database, { orgKey: 'acme' })
      t.strictSame(breakdown, [{ workflowId: workflow(2), workflowName: workflow(2), bytes: 0, fileCount: 2 }])
    })

    t.test('figures are as of the newest event in them, also one that took the last file away', async (t) => {
      const at = (minute: number) => new Date(Date.UTC(2026, 0, 31, 12, minute))
      await database.insertInto('usage_sums').values([
        { ...sums(workflow(1), ada, 'inputs', 10n, 1n), newest_event_at: at(1) },
        { ...sums(workflow(2), ada, 'inputs', 0n, 0n), newest_event_at: at(2) },
        { ...sums(workflow(1), grace, 'outputs', 0n, 0n), newest_event_at: at(3) },
        { ...sums(workflow(1), grace, 'outputs', 1n, 1n, 'other'), newest_event_at: at(4) },
      ]).execute()
      t.strictSame((await readStorageUsage(database, { orgKey: 'acme' })).asOf, at(3))
      t.strictSame((await readStorageUsage(database, { orgKey: 'acme', createdBy: ada })).asOf, at(2))
      const { asOf, breakdown } = await readStorageUsage(database, { orgKey: 'acme', createdBy: grace })
      t.strictSame([asOf, breakdown], [at(3), []])
    })

    t.test('when the newest event was counted is that one\'s, of several as new the last one\'s, and unknown where nothing says it', async (t) => {
      const at = (minute: number) => new Date(Date.UTC(2026, 0, 31, 12, minute))
      await database.insertInto('usage_sums').values([
        { ...sums(workflow(1), ada, 'inputs', 10n, 1n), newest_event_at: at(1), newest_event_counted_at: at(30) },
        { ...sums(workflow(2), ada, 'inputs', 0n, 0n), newest_event_at: at(2), newest_event_counted_at: at(20) },
        { ...sums(workflow(1), grace, 'inputs', 1n, 1n), newest_event_at: at(3), newest_event_counted_at: at(4) },
        { ...sums(workflow(1), grace, 'outputs', 1n, 1n), newest_event_at: at(3), newest_event_counted_at: at(5) },
        { ...sums(workflow(2), grace, 'outputs', 1n, 1n), newest_event_at: at(3) },
        { ...sums(workflow(3), grace, 'outputs', 1n, 1n) },
        { ...sums(workflow(1), ada, 'outputs', 1n, 1n, 'other'), newest_event_at: at(6), newest_event_counted_at: at(59) },
        { ...sums(workflow(1), ada, 'outputs', 1n, 1n, 'earlier'), newest_event_at: at(7) },
      ]).execute()
      const times = async (filter: { orgKey: string, createdBy?: string }) => {
        const { asOf, countedAt } = await readStorageUsage(database, filter)
        return [asOf, countedAt]
      }
      t.strictSame(await times({ orgKey: 'acme' }), [at(3), at(5)])
      t.strictSame(await times({ orgKey: 'acme', createdBy: ada }), [at(2), at(20)])
      t.strictSame(await times({ orgKey: 'other' }), [at(6), at(59)])
      t.strictSame(await times({ orgKey: 'earlier' }), [at(7), null])
    })

    t.test('an organisation is reconciled by a complete run of its own, or of all, but not of a part', async (t) => {
      const at = (minute: number) => new Date(Date.UTC(2026, 0, 31, 12, minute))
      const run = (prefix: string, minute: number, status: 'complete' | 'running' | 'failed' | 'interrupted' = 'complete') => ({
        prefix, status, started_at: at(minute), finished_at: status === 'complete' ? at(minute) : null, failure: null,
      })
      await database.insertInto('reconciliations').values([
        run('acme/workflows/', 5), run('acme/', 6, 'running'), run('', 7, 'failed'), run('', 8, 'interrupted'), run('acm', 9),
      ]).execute()
      const reconciledAt = async () => (await readStorageUsage(database, { orgKey: 'acme' })).reconciledAt
      t.equal(await reconciledAt(), null)
      await database.insertInto('reconciliations').values([run('', 1), run('other/', 9)]).execute()
      t.strictSame(await reconciledAt(), at(1))
      await database.insertInto('reconciliations').values([run('acme/', 3), run('', 2)]).execute()
      t.strictSame(await reconciledAt(), at(3))
    })

    t.test('2^53-1 bytes are stated exactly, one more is an error', async (t) => {
      const half = 2n ** 52n
      await database.insertInto('usage_sums').values([
        sums(workflow(1), ada, 'inputs', half, 1n), sums(workflow(1), ada, 'outputs', half - 1n, 1n),
      ]).execute()
      t.equal((await readStorageUsage(database, { orgKey: 'acme' })).totalBytes, Number.MAX_SAFE_INTEGER)
      await database.updateTable('usage_sums').set({ size_bytes: half }).execute()
      await t.rejects(readStorageUsage(database, { orgKey: 'acme' }), InexactSumError)
    })

    t.test('sums beyond 64 bits are an error, not a wrong number', async (t) => {
      await database.insertInto('usage_sums').values([
        sums(workflow(1), ada, 'inputs', 2n ** 63n - 1n, 1n), sums(workflow(1), grace, 'inputs', 2n ** 63n - 1n, 1n),
      ]).execute()
      await t.rejects(readStorageUsage(database, { orgKey: 'acme' }), InexactSumError)
    })
  })
}
