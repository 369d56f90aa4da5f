import { access } from 'node:fs/promises'
import { sql } from 'kysely'
import t from 'tap'
import { purge } from '../../../db/purge.js'
import { mintObjectKey } from '../../../objects/object-key.js'
import { takeLease } from '../../../db/leases.js'
import { takeDueSnapshots } from '../../../db/usage/snapshots.js'
import { writeClaims } from '../../../schemas/token-claims.js'
import { compileCommands } from '../../support/command-process.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { TOKEN_SECRET, admin, member, runId, workflowId } from '../../support/service.js'
import { startServiceProcess } from '../../support/service-process.js'
import { startSilentServer } from '../../support/silent-server.js'
import { secondsFromNow, signToken } from '../../support/tokens.js'

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS
const TOMBSTONE_RETENTION_DAYS = 30
const EVENTS_TOKEN = 'a-token-of-the-object-store'
// The dynamic linker replaces $LIB with the folder for the machine's architecture.
const FAKETIME = '/usr/$LIB/faketime/libfaketimeMT.so.1'
const isInstalled = await access('/usr/bin/faketime').then(() => true, () => false)
const skip = testDatabaseUrl === undefined
  ? 'TEST_DATABASE_URL is not set'
  : !isInstalled && 'faketime is not installed'

t.test('a service whose clock is wrong does what the database\'s clock says', { skip }, async (t) => {
  const commands = await compileCommands(t)
  const silent = await startSilentServer(t)
  // Two hours past the next midnight, and longer than tombstones are kept.
  const midnightInMs = DAY_MS - Date.now() % DAY_MS
  for (const [name, aheadMs] of [['hours ahead', midnightInMs + 2 * HOUR_MS], ['weeks ahead', 40 * DAY_MS], ['weeks behind', -40 * DAY_MS]] as const) {
    t.test(name, async (t) => {
      const { database, url, close } = await createServerDatabase(testDatabaseUrl ?? '')
      t.teardown(close)
      for (const [objectKey, ageDays] of [['young', TOMBSTONE_RETENTION_DAYS - 1], ['old', TOMBSTONE_RETENTION_DAYS + 1]] as const) {
        await sql`
          insert into objects (object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, observed_at, removed_at, revision)
          values (
            ${objectKey}, 'acme', ${workflowId}, ${runId}, ${member.userId}, 'inputs', 0, now(), now() - make_interval(days => ${ageDays}),
            gen_random_uuid())`.execute(database)
      }
      const tombstones = async () => (await database.selectFrom('objects').select('object_key')
        .where('removed_at', 'is not', null).orderBy('object_key', 'desc').execute()).map((row) => row.object_key)
      const { origin, child, exited, logged } = await startServiceProcess(t, commands, {
        LD_PRELOAD: FAKETIME,
        FAKETIME: `${aheadMs < 0 ? '-' : '+'}${Math.abs(Math.round(aheadMs / 1000))}s`,
        DONT_FAKE_MONOTONIC: '1',
        DATABASE_URL: url,
        JWT_SECRET: TOKEN_SECRET,
        S3_ENDPOINT: silent,
        S3_ACCESS_KEY: 'access',
        S3_SECRET_KEY: 'secret',
        S3_BUCKET: 'objects',
        EVENTS_TOKEN,
        LOG_LEVEL: 'debug',
        // The machine may be busy with other tests.
        MAX_EVENT_LOOP_DELAY: '0',
      })
      const claimNames = { userId: 'sub', orgKey: 'orgKey', role: 'role' }
      const ask = async (caller: typeof admin, method: string, path: string, body?: object) => {
        const token = signToken(TOKEN_SECRET, { ...writeClaims(caller, claimNames), exp: secondsFromNow(50 * DAY_MS / 1000) })
        const answer = await fetch(new URL(`/api/v1/objects${path}`, origin), {
          method,
          headers: { authorization: `Bearer ${token}`, ...body === undefined ? {} : { 'content-type': 'application/json' } },
          ...body === undefined ? {} : { body: JSON.stringify(body) },
        })
        return { status: answer.status, date: Date.parse(answer.headers.get('date') ?? ''), body: JSON.parse(await answer.text()) }
      }
      await logged('purged expired rows')
      t.strictSame(await tombstones(), ['young'], 'it forgets removals when they are old by the database\'s clock')
      const objectKey = mintObjectKey({
        orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path: 'gone.txt',
      })
      const told = await fetch(new URL('/api/v1/objects/events', origin), {
        method: 'POST',
        headers: { authorization: `Bearer ${EVENTS_TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          Records: [{
            eventSource: 'ceph:s3',
            eventTime: new Date().toISOString(),
            eventName: 's3:ObjectRemoved:Delete',
            s3: { bucket: { name: 'objects' }, object: { key: objectKey } },
          }],
        }),
      })
      t.equal(told.status, 200)
      const retention = {
        tombstonesMs: DAY_MS,
        uploadsMs: DAY_MS,
        setAsideEventsMs: DAY_MS,
        leasesMs: DAY_MS,
        sharesMs: DAY_MS,
        verificationsMs: DAY_MS,
      }
      t.match(await purge(database, retention), { tombstones: 1 })
      t.strictSame(await tombstones(), [objectKey], 'its own are as old as the database says')

      const today = (await sql<{ today: string }>`select to_char(now() at time zone 'UTC', 'YYYY-MM-DD') as today`.execute(database)).rows[0]?.today

      const upload = { workflowId, runId, direction: 'inputs', fileName: 'a.txt', contentType: 'text/plain', sizeBytes: 5 }
      const reserved = await ask(member, 'POST', '/uploads', upload)
      t.equal(reserved.status, 201, reserved.body.code)
      t.ok(Math.abs(reserved.date - Date.now() - aheadMs) < 60_000, 'its clock is wrong')
      t.match(await purge(database, {
        tombstonesMs: 0, uploadsMs: 0, setAsideEventsMs: 0, leasesMs: 0, sharesMs: 0, verificationsMs: 0,
      }), { uploads: 0 })
      const { rows: [reservation] } = await sql<{ is_near: boolean }>`
        select expires_at between now() and now() + interval '7 days' as is_near from uploads`.execute(database)
      t.strictSame(reservation, { is_near: true })

      const held = await takeLease(database, 'reconcile')
      t.ok(held)
      t.equal((await ask(admin, 'POST', '/reconcile')).status, 409, 'it takes nobody\'s lease')
      await held?.release()
      t.equal((await ask(admin, 'POST', '/reconcile')).status, 202)
      t.equal(await takeLease(database, 'reconcile'), undefined, 'it keeps its own')
      const { rows: [lease] } = await sql<{ is_usual: boolean }>`
        select expires_at between clock_timestamp() + interval '1 s' and clock_timestamp() + interval '30 s' as is_usual
        from leases where name = 'reconcile/acme'`.execute(database)
      t.strictSame(lease, { is_usual: true })

      const history = await ask(admin, 'GET', `/storage-usage/history?from=${today}&to=${today}`)
      t.equal(history.body.days.at(-1)?.date, today)
      child.kill('SIGTERM')
      t.equal(await exited, 0)
      const { rows } = await sql<{ began_on: string, days: bigint }>`
        select to_char(began_on, 'YYYY-MM-DD') as began_on, (select count(*) from usage_days) as days from usage_history_start`.execute(database)
      t.strictSame(rows, [{ began_on: today, days: 0n }], 'it closed no day')
      t.strictSame(await takeDueSnapshots(database), [])
    })
  }
})
