import { sql } from 'kysely'
import t from 'tap'
import { mintObjectKey } from '../../../objects/object-key.js'
import type { Caller } from '../../../schemas/token-claims.js'
import { catalogueFiles } from '../../support/catalogued-files.js'
import { databaseKinds } from '../../support/database.js'
import { admin, colleague, member, startService } from '../../support/service.js'

// WALK_FILES=1000000 walks a million files in 100,000 folders, and prints how long pages take.
const FILES = Number(process.env.WALK_FILES ?? 150)
const FILES_OF_FOLDER = 10
const RUNS = 4
/** Few enough that no statement exceeds the service's time limit. */
const FILES_OF_STATEMENT = 20_000
const id = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`
/** Prefix of the paths of files that come, change and go meanwhile. */
const OTHERS = 'others/'

interface Page {
  workflows?: Array<{ workflowId: string }>
  runs?: Array<{ runId: string }>
  folders?: Array<{ path: string }>
  files?: Array<{ objectKey: string, path: string }>
  nextCursor: string | null
}

for (const { name, skip, create } of databaseKinds) {
  t.test(`a tree of ${FILES} files is walked by the lists on ${name} while others come and go`, { skip, timeout: 4 * 3_600_000 }, async (t) => {
    const { url, close } = await create()
    t.teardown(close)
    const { app, authorise } = await startService(t, { LIST_LIMIT: '0', LOG_LEVEL: 'silent', DATABASE_URL: url })
    const { database } = app
    await sql`
      insert into runs (org_key, workflow_id, run_id, prefix)
      select ${admin.orgKey}, ('00000000-0000-4000-8000-00000000000' || run / 2)::uuid, ('00000000-0000-4000-8000-00000000000' || run)::uuid, ''
      from generate_series(0, ${RUNS - 1}::int) as run`.execute(database)
    for (let first = 0; first < FILES; first += FILES_OF_STATEMENT) {
      await sql`
        insert into objects (
          object_key, org_key, workflow_id, run_id, created_by, direction, run_ref, path, size_bytes, observed_at, revision)
        select
          org_key || '/workflows/' || workflow_id || '/runs/' || run_id || '/users/' || created_by || '/outputs/' || md5(n::text) || '/' || path,
          org_key, workflow_id, run_id, created_by::uuid, 'outputs', run_ref, path, n, now() - interval '1 hour',
          'ffffffff-ffff-8000-8000-000000000000'
        from (
          select
            n, n / ${FILES_OF_FOLDER}::int % 40 || '/' || n / ${FILES_OF_FOLDER}::int || '/' || n % ${FILES_OF_FOLDER - 1}::int as path,
            case n % 2 when 0 then ${member.userId} else ${colleague.userId} end as created_by, runs.*
          from generate_series(${first}::int, ${Math.min(first + FILES_OF_STATEMENT, FILES) - 1}::int) as n join runs on run_id = ('00000000-0000-4000-8000-00000000000' || n / ${FILES_OF_FOLDER}::int % ${RUNS}::int)::uuid
        ) as files`.execute(database)
    }
    for (const [table, key] of [['run_sums', 'run_ref'], ['usage_sums', 'org_key, workflow_id']] as const) {
      const seen = table === 'run_sums' ? ', min(observed_at)' : ''
      await sql.raw(`
        insert into ${table} (${key}, created_by, direction, size_bytes, file_count${seen === '' ? '' : ', first_seen_at'})
        select ${key}, created_by, direction, sum(size_bytes), count(*)${seen}
        from objects group by ${key}, created_by, direction`).execute(database)
    }
    await sql`analyze`.execute(database)
    const keys: Array<{ object_key: string, created_by: string }> = []
    while (keys.length < FILES) {
      keys.push(...await database.selectFrom('objects').select(['object_key', 'created_by'])
        .where('object_key', '>', keys.at(-1)?.object_key ?? '').orderBy('object_key').limit(FILES_OF_STATEMENT).execute())
    }

    const others = Array.from({ length: 20 }, (_, index) => mintObjectKey({
      orgKey: admin.orgKey,
      workflowId: id(index % RUNS >> 1),
      runId: id(index % RUNS),
      createdBy: index % 3 === 0 ? member.userId : colleague.userId,
      direction: 'outputs',
      path: `${OTHERS}${index % 5}/${index}`,
    }))
    const change = async (sizeBytes: number | undefined) => {
      await catalogueFiles(database, others.map((objectKey) => ({ objectKey, sizeBytes, eventTime: new Date() })))
    }
    let underWay = Promise.resolve()
    const pageMs: number[] = []
    const pages = async function * (caller: Caller, path: string): AsyncGenerator<Page> {
      for (let cursor: string | null = ''; cursor !== null;) {
        // They come, change and go on every fifth page.
        const sizeBytes = [1, 2, undefined][Math.floor(pageMs.length / 5) % 3]
        if (pageMs.length % 5 === 0) underWay = underWay.then(() => change(sizeBytes))
        const startedAtMs = performance.now()
        const answer = await app.inject({
          url: `/api/v1/objects${path}${cursor === '' ? '' : `&cursor=${cursor}`}`, headers: authorise(caller),
        })
        pageMs.push(performance.now() - startedAtMs)
        if (answer.statusCode !== 200) throw new Error(answer.body)
        const page: Page = answer.json()
        yield page
        cursor = page.nextCursor
      }
    }
    const walkFolder = async function * (caller: Caller, run: string, prefix: string): AsyncGenerator<string> {
      for await (const { folders = [], files = [] } of pages(caller, `${run}&delimiter=/&prefix=${encodeURIComponent(prefix)}`)) {
        for (const { path, objectKey } of files) if (!path.startsWith(OTHERS)) yield objectKey
        for (const { path } of folders) yield * walkFolder(caller, run, path)
      }
    }
    const walk = async (caller: Caller) => {
      const seen: string[] = []
      // On a single page: they would move between two pages as their files come and go.
      for await (const { workflows = [] } of pages(caller, '/workflows?sort=bytes')) {
        for (const { workflowId } of workflows) {
          for await (const { runs = [] } of pages(caller, `/workflows/${workflowId}/runs?sort=id&limit=1`)) {
            for (const { runId } of runs) {
              for await (const objectKey of walkFolder(caller, `?workflowId=${workflowId}&runId=${runId}`, '')) seen.push(objectKey)
            }
          }
        }
      }
      return seen
    }

    for (const [caller, expected] of [
      [admin, keys], [member, keys.filter(({ created_by: createdBy }) => createdBy === member.userId)],
    ] as const) {
      const seen = await walk(caller)
      t.equal(new Set(seen).size, seen.length, 'no file comes twice')
      t.strictSame(seen.sort(), expected.map(({ object_key: objectKey }) => objectKey).sort())
    }
    await underWay
    pageMs.sort((one, other) => one - other)
    t.comment(`${pageMs.length} pages: ${pageMs[pageMs.length >> 1]?.toFixed(1)} ms in the middle, ${pageMs.at(-1)?.toFixed(1)} ms at most`)
  })
}
