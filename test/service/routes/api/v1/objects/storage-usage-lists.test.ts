import { sql } from 'kysely'
import t from 'tap'
import { mintObjectKey } from '../../../../../../objects/object-key.js'
import type { Caller } from '../../../../../../schemas/token-claims.js'
import {
  admin, colleague, foreignAdmin, foreignMember, member, runId, service, startService, workflowId,
} from '../../../../../support/service.js'

const MIB = 1024 * 1024
const otherWorkflowId = '4f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10'

interface Page {
  users: Array<{ createdBy: string }>
  files: Array<{ objectKey: string, bytes: number, downloadUrl: string, createdAt: string | null }>
  nextCursor: string | null
}

t.test('users and largest files', async (t) => {
  const { app, authorise, putFile } = await startService(t, { PUBLIC_URL: 'https://files.example.com' })
  const ask = async (list: string, caller: Caller) =>
    await app.inject({ url: `/api/v1/objects/storage-usage/${list}`, headers: authorise(caller) })
  const page = async (list: string, caller: Caller) => (await ask(list, caller)).json<Page>()
  const keyOf = (caller: Caller, path: string, parts: { workflowId?: string, direction?: 'inputs' } = {}) => mintObjectKey({
    orgKey: caller.orgKey, workflowId, runId, createdBy: caller.userId, direction: 'outputs', path, ...parts,
  })
  const put = async (objectKey: string, sizeBytes: number) => await putFile(Buffer.alloc(sizeBytes), { objectKey })

  t.test('until files are counted in their runs, the largest are not known', async (t) => {
    await sql`update run_backfill set finished_at = null`.execute(app.database)
    const answer = await ask('largest', admin)
    t.strictSame([answer.statusCode, answer.json().code], [503, 'NOT_READY'])
    t.equal((await ask('users', admin)).statusCode, 200)
    await sql`update run_backfill set finished_at = now()`.execute(app.database)
  })

  const biggest = await put(keyOf(member, 'plots/2026/a.png'), MIB + 2)
  const input = await put(keyOf(admin, 'in', { direction: 'inputs' }), MIB + 1)
  const elsewhere = await put(keyOf(member, 'b', { workflowId: otherWorkflowId }), MIB)
  await put(keyOf(colleague, 'small'), MIB - 1)
  const foreign = await put(keyOf(foreignMember, 'a.png'), MIB + 3)
  const removed = await put(keyOf(service, 'gone'), MIB + 5)
  await app.minio.removeObject(app.storeTarget.bucket, removed)
  await app.bucketEvents.settled()

  t.test('an admin gets every user who has files, by bytes, with the newest event of each', async (t) => {
    const answer = await ask('users', admin)
    t.equal(answer.statusCode, 200)
    t.match(answer.headers, { 'cache-control': 'private, no-cache', vary: 'authorization' })
    const { users, nextCursor } = answer.json<{ users: Array<{ newestEventAt: string }>, nextCursor: null }>()
    t.strictSame({ users: users.map(({ newestEventAt, ...user }) => user), nextCursor }, {
      users: [
        { createdBy: member.userId, bytes: 2 * MIB + 2, inputBytes: 0, outputBytes: 2 * MIB + 2, fileCount: 2 },
        { createdBy: admin.userId, bytes: MIB + 1, inputBytes: MIB + 1, outputBytes: 0, fileCount: 1 },
        { createdBy: colleague.userId, bytes: MIB - 1, inputBytes: 0, outputBytes: MIB - 1, fileCount: 1 },
      ],
      nextCursor: null,
    })
    for (const { newestEventAt } of users) t.ok(Math.abs(Date.parse(newestEventAt) - Date.now()) < 300_000)
  })

  t.test('only admins may list users', async (t) => {
    for (const caller of [member, service]) {
      const answer = await ask('users', caller)
      t.strictSame([answer.statusCode, answer.json().code], [403, 'FORBIDDEN'])
    }
  })

  t.test('another organisation has its own users and files, although the ids are the same', async (t) => {
    t.match(await page('users', foreignAdmin), { users: [{ createdBy: member.userId, bytes: MIB + 3, fileCount: 1 }], nextCursor: null })
    for (const caller of [foreignAdmin, foreignMember]) {
      t.match(await page('largest', caller), { files: [{ objectKey: foreign }], nextCursor: null })
    }
  })

  t.test('an admin and a service get all big files, the biggest first, as items of their runs with workflow and run', async (t) => {
    for (const caller of [admin, service]) {
      const answer = await ask('largest', caller)
      t.equal(answer.statusCode, 200)
      t.match(answer.headers, { 'cache-control': 'private, no-store', 'referrer-policy': 'no-referrer' })
      const { files, nextCursor } = answer.json<Page>()
      t.strictSame([files.map(({ objectKey }) => objectKey), nextCursor], [[biggest, input, elsewhere], null])
      t.match(files[0]?.createdAt, /^\d{4}-\d\d-\d\dT/)
      t.strictSame(files[0], {
        createdAt: files[0]?.createdAt,
        objectKey: biggest,
        fileName: 'a.png',
        path: 'plots/2026/a.png',
        direction: 'outputs',
        createdBy: member.userId,
        bytes: MIB + 2,
        downloadUrl: `https://files.example.com/api/v1/objects/download?objectKey=${encodeURIComponent(biggest)}`,
        workflowId,
        runId,
      })
      const listed = await app.inject({ url: `/api/v1/objects?workflowId=${workflowId}&runId=${runId}`, headers: authorise(caller) })
      t.match(files[0], listed.json<Page>().files.find(({ objectKey }) => objectKey === biggest) ?? {})
    }
  })

  t.test('a member gets only the files that the member made', async (t) => {
    t.match(await page('largest', member), { files: [{ objectKey: biggest }, { objectKey: elsewhere }], nextCursor: null })
    t.strictSame(await page('largest', colleague), { files: [], nextCursor: null })
  })

  t.test('pages follow each other, as many items as are asked for', async (t) => {
    for (const [list, caller, items] of [['largest', admin, 3], ['largest', member, 2], ['users', admin, 3]] as const) {
      const all = await page(list, caller)
      const found: Page = { users: [], files: [], nextCursor: null }
      for (let query = '?limit=1'; ;) {
        const { users = [], files = [], nextCursor } = await page(`${list}${query}`, caller)
        t.equal(users.length + files.length, 1)
        found.users.push(...users)
        found.files.push(...files)
        if (nextCursor === null) break
        query = `?limit=1&cursor=${nextCursor}`
      }
      t.equal(found.users.length + found.files.length, items)
      t.strictSame(list === 'users' ? found.users : found.files, list === 'users' ? all.users : all.files)
    }
  })

  t.test('a cursor of another list, organisation or member is refused', async (t) => {
    const { nextCursor: ofUsers } = await page('users?limit=1', admin)
    const { nextCursor: ofAll } = await page('largest?limit=1', admin)
    const { nextCursor: ofMember } = await page('largest?limit=1', member)
    for (const [list, cursor, caller] of [
      ['users', ofAll, admin], ['users', ofUsers, foreignAdmin], ['largest', ofUsers, admin], ['largest', ofAll, foreignAdmin],
      ['largest', ofAll, member], ['largest', ofMember, admin], ['largest', ofMember, colleague], ['largest', ofMember, foreignMember],
      ['largest', 'AAAA', admin], ['users', 'AAAA', admin],
    ] as const) {
      const answer = await ask(`${list}?cursor=${cursor}`, caller)
      t.match(answer.json(), { statusCode: 400, message: /cursor is not one of this listing/ })
    }
    t.equal((await ask(`largest?cursor=${ofAll}`, service)).statusCode, 200, 'they see the same')
  })

  t.test('an invalid limit or cursor and unknown parameters are answered with 400; no token with 401', async (t) => {
    for (const query of ['?limit=0', '?limit=101', '?limit=1.5', '?limit=x', '?limit=', '?cursor=', '?cursor=%00', '?sort=bytes', '?createdBy=']) {
      for (const list of ['users', 'largest']) t.equal((await ask(`${list}${query}`, admin)).statusCode, 400, `${list}${query}`)
    }
    for (const list of ['users', 'largest']) t.equal((await ask(`${list}?workflowId=${workflowId}`, admin)).statusCode, 400)
    for (const list of ['users', 'largest']) t.equal((await app.inject(`/api/v1/objects/storage-usage/${list}`)).statusCode, 401)
  })
})

t.test('without the database both are answered with 503, and count as lists', async (t) => {
  const { app, authorise } = await startService(t, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', LIST_LIMIT: '2' })
  const answers = []
  for (const list of ['users', 'largest', 'users', 'largest']) {
    const answer = await app.inject({ url: `/api/v1/objects/storage-usage/${list}`, headers: authorise(admin) })
    answers.push(answer.json().code)
  }
  t.strictSame(answers, ['DATABASE_UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'TOO_MANY_REQUESTS', 'TOO_MANY_REQUESTS'])
})
