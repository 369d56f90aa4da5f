import t from 'tap'
import { mintObjectKey } from '../../../../../../objects/object-key.js'
import { admin, member, runId, service, startService, workflowId } from '../../../../../support/service.js'

interface Page {
  files: Array<{ objectKey: string, createdBy: string, downloadUrl: string, createdAt: string | null }>
  nextCursor: string | null
}

t.test('a run\'s files', async (t) => {
  const { app, authorise, putFile } = await startService(t, { PUBLIC_URL: 'https://files.example.com' })
  const ask = async (query = `workflowId=${workflowId}&runId=${runId}`, caller = admin) =>
    await app.inject({ url: `/api/v1/objects?${query}`, headers: authorise(caller) })
  const keyOf = (parts: Partial<Parameters<typeof mintObjectKey>[0]>) => mintObjectKey({
    orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path: 'f', ...parts,
  })
  const bigRun = '11111111-2222-4333-8444-555555555555'
  const own = await putFile('12345', { objectKey: keyOf({ path: 'bilder/2026/größe +1%.txt' }) })
  const input = await putFile('x', { objectKey: keyOf({ direction: 'inputs', createdBy: admin.userId }) })
  await putFile('x', { objectKey: keyOf({ orgKey: 'other' }) })
  const removed = await putFile('x')
  await app.minio.removeObject(app.storeTarget.bucket, removed)
  await app.bucketEvents.settled()
  const many = Array.from({ length: 230 }, () => keyOf({ runId: bigRun }))
  await app.database.insertInto('objects').values(many.map((objectKey) => ({
    object_key: objectKey,
    org_key: 'acme',
    workflow_id: workflowId,
    run_id: bigRun,
    created_by: member.userId,
    direction: 'outputs' as const,
    size_bytes: 0n,
    observed_at: new Date(),
    revision: bigRun,
  }))).execute()

  t.test('an admin and a service get every file that is there, with its size, time and link', async (t) => {
    for (const caller of [admin, service, { ...admin, roles: [...member.roles, ...service.roles] }]) {
      const answer = await ask(undefined, caller)
      t.equal(answer.statusCode, 200)
      t.match(answer.headers, { 'cache-control': 'private, no-store', 'referrer-policy': 'no-referrer' })
      const page: Page = answer.json()
      t.equal(page.nextCursor, null)
      t.strictSame(page.files.map(({ createdAt, ...file }) => file), [
        {
          objectKey: own,
          fileName: 'größe +1%.txt',
          path: 'bilder/2026/größe +1%.txt',
          direction: 'outputs',
          createdBy: member.userId,
          bytes: 5,
          downloadUrl: `https://files.example.com/api/v1/objects/download?objectKey=${encodeURIComponent(own)}`,
        },
        {
          objectKey: input,
          fileName: 'f',
          path: 'f',
          direction: 'inputs',
          createdBy: admin.userId,
          bytes: 1,
          downloadUrl: `https://files.example.com/api/v1/objects/download?objectKey=${encodeURIComponent(input)}`,
        },
      ])
      for (const { createdAt } of page.files) t.ok(Math.abs(Date.parse(createdAt ?? '') - Date.now()) < 300_000)
    }
  })

  t.test('the links download the files', async (t) => {
    const page: Page = (await ask()).json()
    for (const { downloadUrl } of page.files) {
      const { pathname, search } = new URL(downloadUrl)
      t.equal((await app.inject(pathname + search)).statusCode, 302)
    }
  })

  t.test('a member gets only the files that the member made', async (t) => {
    const page: Page = (await ask(undefined, member)).json()
    t.strictSame(page.files.map(({ objectKey }) => objectKey), [own])
  })

  t.test('nobody gets files of another organisation, and an unknown run has none', async (t) => {
    t.equal((await ask(undefined, { ...admin, orgKey: 'other' })).json().files.length, 1)
    t.strictSame((await ask(`workflowId=${runId}&runId=${workflowId}`)).json(), { files: [], nextCursor: null })
  })

  t.test('pages of 100 have every file once, even if the last one on a page is removed meanwhile', async (t) => {
    const query = `workflowId=${workflowId}&runId=${bigRun}`
    const seen: string[] = []
    const sizes: number[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: Page = (await ask(cursor === '' ? query : `${query}&cursor=${cursor}`)).json()
      seen.push(...page.files.map(({ objectKey }) => objectKey))
      sizes.push(page.files.length)
      t.ok(page.files.every(({ createdAt }) => createdAt === null), 'a file that a reconcile found has no time')
      cursor = page.nextCursor
      if (sizes.length > 1) continue
      await app.database.deleteFrom('objects').where('object_key', '=', seen.at(-1) ?? '').execute()
    }
    t.strictSame(sizes, [100, 100, 30])
    t.strictSame(seen, many.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))))
  })

  t.test('a page holds as many files as are asked for, 100 at most', async (t) => {
    const query = `workflowId=${workflowId}&runId=${bigRun}`
    const { files, nextCursor }: Page = (await ask(`${query}&limit=7`)).json()
    const next: Page = (await ask(`${query}&limit=2&cursor=${nextCursor}`)).json()
    t.strictSame([files.length, next.files.length], [7, 2])
    const { files: first }: Page = (await ask(query)).json()
    t.strictSame([...files, ...next.files], first.slice(0, 9))
    for (const limit of ['0', '101', '-1', '1.5', 'x', '', '%00', '1&limit=2']) {
      t.match((await ask(`${query}&limit=${limit}`)).json(), { statusCode: 400, message: /limit must be/ }, limit)
    }
  })

  t.test('a cursor that was changed, or is of another listing, is answered with 400', async (t) => {
    const query = `workflowId=${workflowId}&runId=${bigRun}`
    const { nextCursor }: Page = (await ask(query)).json()
    const cursor = nextCursor ?? ''
    t.equal((await ask(`${query}&cursor=${cursor}`)).statusCode, 200)
    const wrong = [
      ask(`${query}&cursor=${cursor}`, member), ask(`workflowId=${workflowId}&runId=${runId}&cursor=${cursor}`),
      ask(`${query}&cursor=${cursor.slice(0, -1)}`), ask(`${query}&cursor=A${cursor}`), ask(`${query}&cursor=`), ask(`${query}&cursor=%00`),
      ask(`${query}&cursor=${'A'.repeat(3000)}`), ask(`${query}&cursor=${encodeURIComponent(own)}`),
    ]
    for (const answer of await Promise.all(wrong)) t.strictSame([answer.statusCode, answer.json().code], [400, 'INVALID_REQUEST'])
  })

  t.test('a run that is not named whole is answered with 400, a missing token with 401', async (t) => {
    for (const query of ['', `workflowId=${workflowId}`, `runId=${runId}`, `workflowId=${workflowId}&runId=x`, `workflowId=${workflowId}&runId=${runId}&page=1`]) {
      t.equal((await ask(query)).statusCode, 400)
    }
    t.equal((await app.inject(`/api/v1/objects?workflowId=${workflowId}&runId=${runId}`)).statusCode, 401)
  })
})
