import t from 'tap'
import { mintObjectKey } from '../../../../../../objects/object-key.js'
import type { Caller } from '../../../../../../schemas/token-claims.js'
import { catalogueFiles } from '../../../../../support/catalogued-files.js'
import {
  admin, colleague, foreignAdmin, foreignMember, member, runId, service, startService, workflowId,
} from '../../../../../support/service.js'
import { databaseKindsAndRole } from '../../../../../support/role-database.js'

const otherWorkflow = '1f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10'
const otherRun = '0b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3'
const startedAt = Date.now() - 2 * 3_600_000
/** The given number of minutes after a time that is long enough ago for events to be believed. */
const at = (minute: number) => new Date(startedAt + minute * 60_000)

const keyOf = (caller: Caller, path: string, parts: Partial<Parameters<typeof mintObjectKey>[0]> = {}) => mintObjectKey({
  orgKey: caller.orgKey, workflowId, runId, createdBy: caller.userId, direction: 'outputs', path, ...parts,
})

for (const { name, skip, create } of databaseKindsAndRole) {
  t.test(`lists on ${name}`, { skip }, async (t) => {
    const { url, close } = await create()
    t.teardown(close)
    const { app, authorise } = await startService(t, { DATABASE_URL: url })
    const { database } = app
    const answerTo = async (path: string, caller = admin) =>
      await app.inject({ url: `/api/v1/objects${path}`, headers: authorise(caller) })
    const ask = async (path: string, caller = admin) => {
      const answer = await answerTo(path, caller)
      t.equal(answer.statusCode, 200, answer.body)
      return answer.json()
    }
    const files = {
      mine: keyOf(member, 'a/b/c.txt'),
      theirs: keyOf(colleague, 'a/d.txt'),
      input: keyOf(member, 'z.txt', { direction: 'inputs' }),
      foreign: keyOf(foreignMember, 'a/b/c.txt'),
    }
    await catalogueFiles(database, [
      { objectKey: files.mine, sizeBytes: 5, eventTime: at(1) },
      { objectKey: files.theirs, sizeBytes: 7, eventTime: at(3) },
      { objectKey: files.input, sizeBytes: 1, eventTime: at(2) },
      { objectKey: keyOf(colleague, 'f', { workflowId: otherWorkflow, runId: otherRun }), sizeBytes: 100 },
      { objectKey: keyOf(member, 'f', { runId: otherRun }), sizeBytes: 2 },
      { objectKey: files.foreign, sizeBytes: 1000, eventTime: at(9) },
    ])
    const run = `?workflowId=${workflowId}&runId=${runId}`

    t.test('workflows have the figures of the organisation, or of a member\'s own files', async (t) => {
      const quarterly = { workflowId, workflowName: workflowId, bytes: 15, fileCount: 4, newestEventAt: at(3).toISOString() }
      const other = { workflowId: otherWorkflow, workflowName: otherWorkflow, bytes: 100, fileCount: 1, newestEventAt: null }
      for (const caller of [admin, service]) t.strictSame(await ask('/workflows', caller), { workflows: [other, quarterly], nextCursor: null })
      t.strictSame((await ask('/workflows?sort=files')).workflows, [quarterly, other])
      t.strictSame((await ask('/workflows?sort=newest')).workflows, [quarterly, other], 'those without an event come last')
      t.strictSame((await ask('/workflows', member)).workflows, [{ ...quarterly, bytes: 8, fileCount: 3, newestEventAt: at(2).toISOString() }])
      t.match((await ask('/workflows', foreignAdmin)).workflows, [{ workflowId, bytes: 1000, fileCount: 1 }])
    })

    t.test('workflows are found by a part of their name, or of their identifier, in whatever case', async (t) => {
      const names = [[workflowId, 'Größe (Q3) [x]^-\\.*'], [otherWorkflow, 'ÅNGSTRÖM']] as const
      for (const [id, name] of names) {
        await app.inject({ method: 'PUT', url: `/api/v1/objects/workflows/${id}`, headers: authorise(admin), payload: { name } })
      }
      const found = async (search: string, caller = admin) =>
        (await ask(`/workflows?search=${encodeURIComponent(search)}`, caller)).workflows.map(({ workflowName }: { workflowName: string }) => workflowName)
      for (const search of ['GRÖSSE', '%', '_', '.', '(q4)']) t.strictSame(await found(search), search === '.' ? [names[0][1]] : [], search)
      for (const search of ['GRÖßE', 'größe', '(q3)', '[x]', '^', '-\\.*', workflowId.slice(0, 9).toUpperCase()]) t.strictSame(await found(search), [names[0][1]], search)
      for (const search of ['ångström', 'NGST', '1F0C6A52']) t.strictSame(await found(search), [names[1][1]], search)
      t.strictSame(await found('größe', foreignAdmin), [], 'names are the organisation\'s own')
      t.strictSame(await found('c6a52-8'), [names[1][1], names[0][1]])
    })

    t.test('runs have the figures of everyone\'s files, or of a member\'s own', async (t) => {
      const url = `/workflows/${workflowId}/runs`
      const first = {
        runId,
        bytes: 13,
        inputBytes: 1,
        outputBytes: 12,
        fileCount: 3,
        firstSeenAt: at(1).toISOString(),
        newestEventAt: at(3).toISOString(),
      }
      const found = (await ask(url)).runs
      t.match(found, [{ runId: otherRun, bytes: 2, fileCount: 1, newestEventAt: null }, first])
      t.strictSame((await ask(`${url}?sort=bytes`)).runs, [first, found[0]])
      for (const sort of ['files', 'bytes']) t.strictSame((await ask(`${url}?sort=${sort}`, service)).runs, [first, found[0]])
      for (const sort of ['newest', 'firstSeen', 'id']) t.strictSame((await ask(`${url}?sort=${sort}`)).runs, [found[0], first], sort)
      t.strictSame((await ask(`${url}?sort=bytes`, member)).runs, [
        { ...first, bytes: 6, outputBytes: 5, fileCount: 2, newestEventAt: at(2).toISOString() }, found[0],
      ])
      t.match((await ask(url, foreignAdmin)).runs, [{ runId, bytes: 1000 }])
      t.strictSame(await ask(`/workflows/${runId}/runs`), { runs: [], nextCursor: null })
      t.strictSame(await ask(`/workflows/${workflowId.toUpperCase()}/runs`), await ask(url))
    })

    t.test('a folder has what lies between the prefix and the next slash, with sums where they are asked for', async (t) => {
      const listed = async (query: string, caller = admin) => {
        const { folders, files, nextCursor } = await ask(`${run}${query}`, caller)
        t.equal(nextCursor, null)
        return [folders, files.map(({ path }: { path: string }) => path)]
      }
      t.strictSame(await listed('&delimiter=/'), [[{ path: 'a/' }], ['z.txt']])
      t.strictSame(await listed('&delimiter=/&sums=true'), [[{ path: 'a/', bytes: 12, fileCount: 2 }], ['z.txt']])
      t.strictSame(await listed('&delimiter=/&sums=true', member), [[{ path: 'a/', bytes: 5, fileCount: 1 }], ['z.txt']])
      t.strictSame(await listed('&delimiter=/&sums=true', foreignMember), [[{ path: 'a/', bytes: 1000, fileCount: 1 }], []])
      t.strictSame(await listed('&delimiter=/&prefix=a'), [[{ path: 'a/' }], []])
      t.strictSame(await listed('&delimiter=/&prefix=a/'), [[{ path: 'a/b/' }], ['a/d.txt']])
      t.strictSame(await listed('&delimiter=/&prefix=a/d'), [[], ['a/d.txt']])
      t.strictSame(await listed('&prefix=a/', colleague), [[], ['a/d.txt']])
      t.strictSame(await listed('&prefix='), [[], ['a/b/c.txt', 'a/d.txt', 'z.txt']])
      t.strictSame(await listed('&sums=false'), [[], ['a/b/c.txt', 'a/d.txt', 'z.txt']])
      t.strictSame(await listed('&prefix=%F4%8F%BF%BF&delimiter=/'), [[], []])
      t.notOk('folders' in await ask(run))
    })

    t.test('one file is described to its creator, an admin and a service; to others it is not there', async (t) => {
      const describe = (objectKey: string) => `?objectKey=${encodeURIComponent(objectKey)}`
      for (const caller of [admin, service, member]) {
        const { downloadUrl, ...described } = await ask(describe(files.mine), caller)
        t.strictSame(described, {
          objectKey: files.mine,
          fileName: 'c.txt',
          path: 'a/b/c.txt',
          direction: 'outputs',
          createdBy: member.userId,
          bytes: 5,
          createdAt: at(1).toISOString(),
          workflowId,
          runId,
          entityTag: '"tag-5"',
        })
        t.match(downloadUrl, /download\?objectKey=/)
      }
      t.match((await answerTo(describe(files.mine))).headers, { 'cache-control': 'private, no-store', 'referrer-policy': 'no-referrer' })
      const hidden = [
        answerTo(describe(files.mine), colleague), answerTo(describe(files.foreign)), answerTo(describe(keyOf(admin, 'a'))), answerTo(describe('x')),
      ]
      for (const answer of await Promise.all(hidden)) t.strictSame([answer.statusCode, answer.json().code], [404, 'OBJECT_NOT_FOUND'])
      for (const query of [`&workflowId=${workflowId}`, '&limit=1', '&sums=false', '&prefix=', '&delimiter=/', '&cursor=AA']) {
        t.equal((await answerTo(describe(files.mine) + query)).statusCode, 400, query)
      }
    })

    t.test('a cursor continues its own list alone', async (t) => {
      const lists = [
        '/workflows?', '/workflows?sort=files&', '/workflows?search=-&', `/workflows/${workflowId}/runs?`, `/workflows/${workflowId}/runs?sort=id&`,
        `${run}&prefix=&`, `${run}&delimiter=/&`, `${run}&`,
      ]
      const cursors = await Promise.all(lists.map(async (list) => (await ask(`${list}limit=1`)).nextCursor))
      for (const [index, cursor] of cursors.entries()) {
        t.match(cursor, /^[\w-]+$/, `the list ${index}`)
        for (const [place, list] of lists.entries()) {
          const answer = await answerTo(`${list}cursor=${cursor}`)
          t.equal(answer.statusCode, place === index ? 200 : 400, `${lists[index]} in ${list}`)
          if (place !== index) t.match(answer.json(), { code: 'INVALID_REQUEST', message: 'querystring/cursor is not one of this listing.' })
        }
        for (const caller of [member, foreignAdmin]) t.equal((await answerTo(`${lists[index]}cursor=${cursor}`, caller)).statusCode, 400)
      }
    })

    t.test('what is not a list is answered with 400', async (t) => {
      for (const path of [
        '/workflows?sort=name', '/workflows?search=', '/workflows?search=%00', '/workflows?limit=0', '/workflows?x=1', `/workflows/${workflowId}/runs?sort=x`,
        '/workflows/x/runs', `${run}&prefix=%00`, `${run}&prefix=%0A`, `${run}&delimiter=-`, `${run}&sums=1`, `${run}&sums=`, `?runId=${runId}&prefix=`, '?prefix=',
      ]) t.match((await answerTo(path)).json(), { statusCode: 400, code: 'INVALID_REQUEST' }, path)
      t.match((await answerTo('/workflows')).headers, { 'cache-control': 'private, no-cache', vary: 'authorization' })
    })

    t.test('figures beyond 2^53-1 are refused where they are shown, and only there', async (t) => {
      const big = { workflowId: runId, runId: workflowId }
      await catalogueFiles(database, ['big/1', 'big/2'].map((path) => ({
        objectKey: keyOf(colleague, path, big), sizeBytes: Number.MAX_SAFE_INTEGER,
      })))
      const ofBig = `?workflowId=${runId}&runId=${workflowId}&delimiter=/`
      for (const list of ['/workflows', `/workflows/${runId}/runs`, `/workflows/${runId}/runs?sort=bytes`, `${ofBig}&sums=true`]) {
        t.match((await answerTo(list)).json(), { code: 'USAGE_OUT_OF_RANGE' }, list)
      }
      t.match(await ask(ofBig), { folders: [{ path: 'big/' }] })
      t.match((await ask(`${ofBig}&prefix=big/`)).files, [{ bytes: Number.MAX_SAFE_INTEGER }, {}])
      t.equal((await ask('/workflows', member)).workflows.length, 1)
      await database.deleteFrom('objects').where('workflow_id', '=', runId).execute()
      await database.deleteFrom('run_sums').where('created_by', '=', colleague.userId).where('size_bytes', '>', BigInt(Number.MAX_SAFE_INTEGER)).execute()
      await database.deleteFrom('usage_sums').where('workflow_id', '=', runId).execute()
    })

    t.test('what has no files any more is in no list, before its empty sums are purged, too', async (t) => {
      const { minio, storeTarget: { bucket }, bucketEvents } = app
      const objectKey = keyOf(member, 'gone', { workflowId: otherRun, runId: workflowId })
      await minio.putObject(bucket, objectKey, Buffer.from('x'), 1)
      await bucketEvents.settled()
      t.equal((await ask(`/workflows/${otherRun}/runs`)).runs.length, 1)
      await minio.removeObject(bucket, objectKey)
      await bucketEvents.settled()
      t.strictSame(await ask(`/workflows/${otherRun}/runs`), { runs: [], nextCursor: null })
      t.strictSame(await ask(`/workflows/${otherRun}/runs?sort=id`), { runs: [], nextCursor: null })
      t.notMatch(JSON.stringify(await ask('/workflows')), otherRun)
      t.strictSame(await ask(`?workflowId=${otherRun}&runId=${workflowId}&delimiter=/`), { folders: [], files: [], nextCursor: null })
    })
  })
}

t.test('until all files are counted in their runs, lists of these answer 503 NOT_READY, and the others as ever', async (t) => {
  const { app, authorise } = await startService(t)
  await app.database.updateTable('run_backfill').set({ finished_at: null }).execute()
  const codeOf = async (path: string) => {
    const answer = await app.inject({ url: `/api/v1/objects${path}`, headers: authorise(admin) })
    return [answer.statusCode, answer.json().code]
  }
  const run = `?workflowId=${workflowId}&runId=${runId}`
  for (const path of [`/workflows/${workflowId}/runs`, `${run}&prefix=`]) t.strictSame(await codeOf(path), [503, 'NOT_READY'])
  for (const path of ['/workflows', run]) t.strictSame(await codeOf(path), [200, undefined])
})

t.test('without the database lists answer 503 DATABASE_UNAVAILABLE', async (t) => {
  const { app, authorise } = await startService(t, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  for (const path of ['/workflows', `/workflows/${workflowId}/runs`, `?workflowId=${workflowId}&runId=${runId}&prefix=`, `?objectKey=${encodeURIComponent(keyOf(admin, 'a'))}`]) {
    const answer = await app.inject({ url: `/api/v1/objects${path}`, headers: authorise(admin) })
    t.strictSame([answer.statusCode, answer.json().code], [503, 'DATABASE_UNAVAILABLE'], path)
  }
})
