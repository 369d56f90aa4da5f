import { type Kysely, sql } from 'kysely'
import t from 'tap'
import type { Database } from '../../../../db/connection/tables.js'
import { InexactSumError } from '../../../../db/usage/storage-usage.js'
import { readUsageHistory, usageHistoryQuery, userUsageHistoryQuery } from '../../../../db/usage/history.js'
import { takeDueSnapshots, utcDay } from '../../../../db/usage/snapshots.js'
import { takeLease } from '../../../../db/leases.js'
import { emptyTables } from '../../../support/database.js'
import { databaseKindsAndRole } from '../../../support/role-database.js'

const workflow = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`
const ada = '10000000-0000-4000-8000-000000000001'
const grace = '10000000-0000-4000-8000-000000000002'
const sums = (
  workflowId: string, createdBy: string, direction: 'inputs' | 'outputs', sizeBytes: bigint, fileCount: bigint, orgKey = 'acme',
) => ({
  org_key: orgKey, workflow_id: workflowId, created_by: createdBy, direction, size_bytes: sizeBytes, file_count: fileCount,
})

const at = (day: string, time = '00:00:20') => ({ now: sql<Date>`${`${day}T${time}Z`}::timestamptz` })
const history = async (
  database: Kysely<Database>,
  filter: { orgKey?: string, workflowId?: string, createdBy?: string, from?: string, to?: string, today?: string } = {},
) => await readUsageHistory(database, { orgKey: 'acme', from: '2026-01-01', to: '2026-12-31', today: '2027-01-01', ...filter })
const figures = (date: string, inputBytes: number, outputBytes: number, fileCount: number, isFilled = false) =>
  ({ date, totalBytes: inputBytes + outputBytes, inputBytes, outputBytes, fileCount, isFilled })

const keptOfUsers = async (database: Kysely<Database>) => {
  const { rows } = await sql<{ created_by: string, day: string, bytes: string }>`
    select created_by, to_char(day::timestamp, 'YYYY-MM-DD') as day, (input_bytes + output_bytes)::text as bytes
    from user_usage_snapshots order by created_by, user_usage_snapshots.day, input_bytes + output_bytes`.execute(database)
  return rows.map((row) => [row.created_by, row.day, row.bytes])
}

for (const { kind, name, skip, create } of databaseKindsAndRole) {
  t.test(`usage over time on ${name}`, { skip }, async (t) => {
    const { database, connect, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))

    t.test('the end of a day is kept: of the organisation in all, and of each workflow', async (t) => {
      await database.insertInto('usage_sums').values([
        sums(workflow(1), ada, 'inputs', 10n, 1n),
        sums(workflow(1), grace, 'outputs', 5n, 2n),
        sums(workflow(2), ada, 'outputs', 1n, 1n),
        sums(workflow(3), ada, 'outputs', 0n, 0n),
        sums(workflow(1), ada, 'outputs', 100n, 1n, 'other'),
      ]).execute()
      t.strictSame(await takeDueSnapshots(database, at('2026-03-01')), [])
      t.strictSame(await takeDueSnapshots(database, at('2026-03-02')), [{ day: '2026-03-01', isFilled: false }])
      await database.updateTable('usage_sums').set({ size_bytes: 7n }).execute()
      t.strictSame(await history(database), [figures('2026-03-01', 10, 6, 4)])
      t.strictSame(await history(database, { workflowId: workflow(1) }), [figures('2026-03-01', 10, 5, 3)])
      t.strictSame(await history(database, { workflowId: workflow(3) }), [figures('2026-03-01', 0, 0, 0)])
      t.strictSame(await history(database, { orgKey: 'other' }), [figures('2026-03-01', 0, 100, 1)])
      t.strictSame(await history(database, { orgKey: 'nobody' }), [])
      const { rows: [workflows] } = await sql<{ known: bigint }>`
        select count(*) as known from usage_snapshots where org_key = 'acme' and workflow_id is not null`.execute(database)
      t.equal(workflows?.known, 2n)
    })

    t.test('a day is taken once, however often that is tried', async (t) => {
      await database.insertInto('usage_sums').values(sums(workflow(1), ada, 'inputs', 10n, 1n)).execute()
      await takeDueSnapshots(database, at('2026-03-01'))
      t.equal((await takeDueSnapshots(database, at('2026-03-02'))).length, 1)
      await database.updateTable('usage_sums').set({ size_bytes: 20n }).execute()
      t.strictSame(await takeDueSnapshots(database, at('2026-03-02', '23:59:59')), [])
      t.strictSame(await takeDueSnapshots(database, at('2026-03-01')), [], 'a clock that is behind')
      t.strictSame(await history(database), [figures('2026-03-01', 10, 0, 1)])
      t.strictSame(await takeDueSnapshots(database, at('2026-03-03')), [{ day: '2026-03-02', isFilled: false }])
      t.strictSame(await history(database), [figures('2026-03-01', 10, 0, 1), figures('2026-03-02', 20, 0, 1)])
    })

    t.test('a user has a row only of days when the user\'s total changed', async (t) => {
      await database.insertInto('usage_sums').values([
        sums(workflow(1), ada, 'inputs', 10n, 1n), sums(workflow(2), ada, 'outputs', 5n, 1n),
        sums(workflow(1), grace, 'inputs', 3n, 1n), sums(workflow(1), ada, 'inputs', 100n, 1n, 'other'),
      ]).execute()
      for (const day of ['2026-03-01', '2026-03-02', '2026-03-03']) await takeDueSnapshots(database, at(day))
      await database.updateTable('usage_sums').set({ size_bytes: 4n }).where('created_by', '=', grace).execute()
      await takeDueSnapshots(database, at('2026-03-04'))
      await database.updateTable('usage_sums').set({ size_bytes: 0n, file_count: 0n }).where('created_by', '=', grace).execute()
      for (const day of ['2026-03-05', '2026-03-06']) await takeDueSnapshots(database, at(day))
      const [ofAda, ofGrace] = [{ createdBy: ada }, { createdBy: grace }]
      t.strictSame(await history(database, ofAda), [1, 2, 3, 4, 5].map((day) => figures(`2026-03-0${day}`, 10, 5, 2)))
      t.strictSame(await history(database, ofGrace), [
        figures('2026-03-01', 3, 0, 1), figures('2026-03-02', 3, 0, 1), figures('2026-03-03', 4, 0, 1),
        figures('2026-03-04', 0, 0, 0), figures('2026-03-05', 0, 0, 0),
      ])
      t.strictSame(await history(database, { ...ofGrace, from: '2026-03-02', to: '2026-03-03' }), [
        figures('2026-03-02', 3, 0, 1), figures('2026-03-03', 4, 0, 1),
      ])
      t.strictSame(await history(database, { ...ofAda, orgKey: 'other', to: '2026-03-01' }), [figures('2026-03-01', 100, 0, 1)])
      t.strictSame(await history(database, { ...ofGrace, orgKey: 'other' }), [])
      t.strictSame(await keptOfUsers(database), [
        [ada, '2026-03-01', '15'], [ada, '2026-03-01', '100'], [grace, '2026-03-01', '3'], [grace, '2026-03-03', '4'], [grace, '2026-03-04', '0'],
      ])
    })

    t.test('a user\'s today has the figures of now, and days before the user\'s first file are left out', async (t) => {
      await takeDueSnapshots(database, at('2026-03-01'))
      await takeDueSnapshots(database, at('2026-03-02'))
      t.strictSame(await history(database, { createdBy: ada, today: '2026-03-02' }), [figures('2026-03-02', 0, 0, 0)])
      await database.insertInto('usage_sums').values([
        sums(workflow(1), ada, 'inputs', 10n, 1n), sums(workflow(2), ada, 'outputs', 3n, 1n), sums(workflow(1), grace, 'inputs', 7n, 1n),
      ]).execute()
      await takeDueSnapshots(database, at('2026-03-03'))
      t.strictSame(await history(database, { createdBy: ada, today: '2026-03-03' }), [figures('2026-03-02', 10, 3, 2), figures('2026-03-03', 10, 3, 2)])
      t.strictSame(await history(database, { createdBy: ada, today: '2026-03-03', to: '2026-03-02' }), [figures('2026-03-02', 10, 3, 2)])
    })

    t.test('days that a build before 0.2 took are not known of users, whatever they had before and after', async (t) => {
      await database.insertInto('usage_sums').values(sums(workflow(1), ada, 'inputs', 10n, 1n)).execute()
      await takeDueSnapshots(database, at('2026-03-01'))
      await takeDueSnapshots(database, at('2026-03-02'))
      await database.updateTable('usage_sums').set({ size_bytes: 20n }).execute()
      // The statement of version 0.1.
      await sql`
        with new_day as (
          insert into usage_days (day, taken_at, is_filled) values ('2026-03-02', now(), false) on conflict (day) do nothing returning day
        )
        insert into usage_snapshots (org_key, workflow_id, day, input_bytes, output_bytes, file_count)
        select org_key, workflow_id, new_day.day, sum(size_bytes), 0, sum(file_count) from new_day cross join usage_sums
        group by new_day.day, org_key, grouping sets ((workflow_id), ())`.execute(database)
      await takeDueSnapshots(database, at('2026-03-04'))
      t.strictSame(await history(database, { createdBy: ada }), [figures('2026-03-01', 10, 0, 1), figures('2026-03-03', 20, 0, 1)])
      t.strictSame(await history(database), [
        figures('2026-03-01', 10, 0, 1), figures('2026-03-02', 20, 0, 1), figures('2026-03-03', 20, 0, 1),
      ])
    })

    t.test('missed days are filled with the figures of when the service is back, and marked', async (t) => {
      await takeDueSnapshots(database, at('2026-02-27'))
      await database.insertInto('usage_sums').values(sums(workflow(1), ada, 'inputs', 10n, 1n)).execute()
      t.strictSame(await takeDueSnapshots(database, at('2026-03-02', '00:59:00')), [
        { day: '2026-02-27', isFilled: true }, { day: '2026-02-28', isFilled: true }, { day: '2026-03-01', isFilled: false },
      ])
      t.strictSame(await history(database, { from: '2026-02-27', to: '2026-03-01' }), [
        figures('2026-02-27', 10, 0, 1, true), figures('2026-02-28', 10, 0, 1, true), figures('2026-03-01', 10, 0, 1),
      ])
      t.strictSame(await history(database, { createdBy: ada }), [
        figures('2026-02-27', 10, 0, 1, true), figures('2026-02-28', 10, 0, 1, true), figures('2026-03-01', 10, 0, 1),
      ])
    })

    t.test('days before the first start are not known, and neither are those before an organisation had its first file', async (t) => {
      await database.insertInto('usage_sums').values(sums(workflow(1), ada, 'inputs', 10n, 1n)).execute()
      t.strictSame(await takeDueSnapshots(database, at('2026-03-02', '12:00:00')), [])
      t.strictSame(await history(database), [])
      t.strictSame(await takeDueSnapshots(database, at('2026-03-03')), [{ day: '2026-03-02', isFilled: false }])
      await database.insertInto('usage_sums').values(sums(workflow(1), ada, 'inputs', 5n, 1n, 'newcomer')).execute()
      await takeDueSnapshots(database, at('2026-03-04'))
      await database.updateTable('usage_sums').set({ size_bytes: 0n, file_count: 0n }).execute()
      await takeDueSnapshots(database, at('2026-03-05'))
      t.strictSame(await history(database), [
        figures('2026-03-02', 10, 0, 1), figures('2026-03-03', 10, 0, 1), figures('2026-03-04', 0, 0, 0),
      ])
      t.strictSame(await history(database, { orgKey: 'newcomer' }), [figures('2026-03-03', 5, 0, 1), figures('2026-03-04', 0, 0, 0)])
    })

    t.test('a day that an older build took for known at its first start is not given', async (t) => {
      await takeDueSnapshots(database, at('2026-03-02'))
      await sql`insert into usage_days values ('2026-03-01', now(), true)`.execute(database)
      await sql`insert into usage_snapshots values ('acme', null, '2026-03-01', 1, 1, 1)`.execute(database)
      t.strictSame(await history(database), [])
    })

    t.test('today has the current figures, if it was asked for', async (t) => {
      await database.insertInto('usage_sums').values([
        sums(workflow(1), ada, 'inputs', 1n, 1n), sums(workflow(2), ada, 'outputs', 0n, 0n),
      ]).execute()
      await takeDueSnapshots(database, at('2026-03-01'))
      await takeDueSnapshots(database, at('2026-03-02'))
      await sql`update usage_sums set size_bytes = case direction when 'inputs' then 10 else 3 end, file_count = 1`.execute(database)
      const today = '2026-03-02'
      t.strictSame(await history(database, { today }), [figures('2026-03-01', 1, 0, 1), figures(today, 10, 3, 2)])
      t.strictSame(await history(database, { today, workflowId: workflow(2) }), [figures('2026-03-01', 0, 0, 0), figures(today, 0, 3, 1)])
      t.strictSame(await history(database, { today, to: '2026-03-01' }), [figures('2026-03-01', 1, 0, 1)])
      t.strictSame(await history(database, { today, from: '2026-03-03' }), [])
    })

    t.test('400 days are kept, and a service that was off for years fills no more', async (t) => {
      await database.insertInto('usage_sums').values(sums(workflow(1), ada, 'inputs', 10n, 1n)).execute()
      await takeDueSnapshots(database, at('2024-01-02'))
      const now = new Date('2026-03-02T00:00:20Z')
      const taken = await takeDueSnapshots(database, at('2026-03-02'))
      t.equal(taken.length, 400)
      t.strictSame([taken[0]?.day, taken.at(-1)], [utcDay(now, 400), { day: '2026-03-01', isFilled: false }])
      const { rows: [kept] } = await sql<{ days: bigint, oldest: string, rows: bigint }>`
        select count(*) as days, to_char(min(day), 'YYYY-MM-DD') as oldest, (select count(*) from usage_snapshots) as rows from usage_days`.execute(database)
      t.strictSame(kept, { days: 400n, oldest: utcDay(now, 400), rows: 800n })
    })

    t.test('of users no more is kept than 400 days need: the row that the first of them begins with stays', async (t) => {
      await database.insertInto('usage_sums').values([
        sums(workflow(1), ada, 'inputs', 1n, 1n), sums(workflow(1), grace, 'inputs', 1n, 1n),
      ]).execute()
      await takeDueSnapshots(database, at('2025-01-01'))
      await takeDueSnapshots(database, at('2025-01-02'))
      await database.updateTable('usage_sums').set({ size_bytes: 2n }).execute()
      await takeDueSnapshots(database, at('2025-01-03'))
      await database.updateTable('usage_sums').set({ size_bytes: 0n, file_count: 0n }).where('created_by', '=', grace).execute()
      await takeDueSnapshots(database, at('2025-01-04'))
      t.equal((await keptOfUsers(database)).length, 5)
      // As if days had been taken since then: 400 days after 2025-01-03, and then one more.
      await sql`
        insert into usage_days (day, taken_at, is_filled, has_users)
        select '2025-01-04'::date + n, now(), false, true from generate_series(0, 397) as n`.execute(database)
      await takeDueSnapshots(database, at('2026-02-07'))
      t.strictSame(await keptOfUsers(database), [[ada, '2025-01-02', '2'], [grace, '2025-01-03', '0']])
      await takeDueSnapshots(database, at('2026-02-08'))
      t.strictSame(await keptOfUsers(database), [[ada, '2025-01-02', '2']])
      const days = await history(database, { createdBy: ada, from: '2025-01-01', today: '2026-02-08' })
      t.strictSame([days.length, days[0], days.at(-1)], [401, figures('2025-01-04', 2, 0, 1), figures('2026-02-08', 2, 0, 1)])
    })

    t.test('an ended service takes no further day', async (t) => {
      await takeDueSnapshots(database, at('2026-02-27'))
      t.strictSame(await takeDueSnapshots(database, { ...at('2026-03-02'), signal: AbortSignal.abort() }), [])
    })

    t.test('sums beyond 64 bits are kept, and are an error rather than a wrong number', async (t) => {
      await database.insertInto('usage_sums').values([
        sums(workflow(1), ada, 'inputs', 2n ** 63n - 1n, 1n), sums(workflow(1), grace, 'inputs', 2n ** 63n - 1n, 1n),
        sums(workflow(2), ada, 'inputs', 2n ** 53n - 1n, 1n),
      ]).execute()
      await takeDueSnapshots(database, at('2026-03-01'))
      await takeDueSnapshots(database, at('2026-03-02'))
      await t.rejects(history(database), InexactSumError)
      t.match(await history(database, { workflowId: workflow(2) }), [{ totalBytes: Number.MAX_SAFE_INTEGER }])
      await t.rejects(history(database, { createdBy: ada }), InexactSumError)
    })

    t.test('replicas that try at once take each day once between them', async (t) => {
      await takeDueSnapshots(database, at('2026-02-20'))
      await database.insertInto('usage_sums').values(sums(workflow(1), ada, 'inputs', 10n, 1n)).execute()
      const replicas = [connect(), connect(), connect()]
      const taken = await Promise.all(replicas.map((replica) => takeDueSnapshots(replica, at('2026-03-02'))))
      t.strictSame(taken.flat().map(({ day }) => day).toSorted(), [
        '2026-02-20', '2026-02-21', '2026-02-22', '2026-02-23', '2026-02-24', '2026-02-25', '2026-02-26', '2026-02-27', '2026-02-28', '2026-03-01',
      ])
      t.equal((await history(database)).length, 10)
    })

    t.test('a replica that finds another at work leaves the day to it', async (t) => {
      await takeDueSnapshots(database, at('2026-03-01'))
      const other = await takeLease(connect(), 'usage-snapshots')
      t.strictSame(await takeDueSnapshots(database, at('2026-03-02')), [])
      await other?.release()
      t.equal((await takeDueSnapshots(database, at('2026-03-02'))).length, 1)
    })

    t.test('reading takes its rows by index, a row per day', { skip: kind === 'role' && 'its settings rule out plans' }, async (t) => {
      await sql`
        insert into usage_days select '2025-06-01'::date + n, now(), false from generate_series(0, 399) as n`.execute(database)
      await sql`
        insert into usage_snapshots
        select 'org-' || o, case w when 0 then null else ('00000000-0000-4000-8000-' || lpad(w::text, 12, '0'))::uuid end, '2025-06-01'::date + d, 1, 1, 1
        from generate_series(0, 9) as o, generate_series(0, 19) as w, generate_series(0, 399) as d`.execute(database)
      await sql`analyze usage_days, usage_snapshots`.execute(database)
      const query = usageHistoryQuery({ orgKey: 'org-3', from: '2025-06-01', to: '2026-07-05', today: '2026-07-06' })
      const { rows } = await sql<{ 'QUERY PLAN': string }>`
        explain (analyze, costs off, timing off, summary off, buffers off) ${query}`.execute(database)
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      t.match(plan, /usage_snapshots_org_key_workflow_id_day_key[^\n]*actual rows=(400(\.00)? loops=1|1(\.00)? loops=400)[^\n]*\n[^\n]*workflow_id IS NULL/)
      t.notMatch(plan, /Seq Scan on usage_snapshots|usage_snapshots_by_day/)

      await sql`
        insert into user_usage_snapshots
        select 'org-' || o, ('00000000-0000-4000-8000-' || lpad(u::text, 12, '0'))::uuid, '2025-06-01'::date + d, 1, 1, 1
        from generate_series(0, 9) as o, generate_series(0, 19) as u, generate_series(0, 399, 4) as d`.execute(database)
      await sql`update usage_days set has_users = true`.execute(database)
      await sql`analyze usage_days, user_usage_snapshots`.execute(database)
      const ofUser = userUsageHistoryQuery({ orgKey: 'org-3', createdBy: workflow(4), from: '2025-06-01', to: '2026-07-05', today: '2026-07-06' })
      const { rows: rowsOfUser } = await sql<{ 'QUERY PLAN': string }>`
        explain (analyze, costs off, timing off, summary off, buffers off) ${ofUser}`.execute(database)
      const planOfUser = rowsOfUser.map((row) => row['QUERY PLAN']).join('\n')
      t.match(planOfUser, /Index Scan Backward using user_usage_snapshots_pkey [^\n]*actual rows=1(\.00)? loops=400/)
      t.notMatch(planOfUser, /Seq Scan on user_usage_snapshots|user_usage_snapshots_by_day/)
    })
  })
}
