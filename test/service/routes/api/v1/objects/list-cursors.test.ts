import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { mintObjectKey } from '../../../../../../objects/object-key.js'
import { catalogueFiles } from '../../../../../support/catalogued-files.js'
import { admin, member, startService, workflowId } from '../../../../../support/service.js'

const [firstSecret, secondSecret, thirdSecret] = ['a', 'b', 'c'].map((letter) => letter.repeat(44))
const id = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`

const lists = [
  '/workflows?sort=newest&', `/workflows/${workflowId}/runs?`, `/workflows/${workflowId}/runs?sort=id&`, `?workflowId=${workflowId}&runId=${id(1)}&`,
  `?workflowId=${workflowId}&runId=${id(1)}&delimiter=/&`, '/storage-usage/users?', '/storage-usage/largest?',
]

t.test('a list is continued across a restart and a change of the secret, until the one before is given up', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-test-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const startWith = async (secrets: Record<string, string | undefined>) => {
    const given = Object.entries(secrets).flatMap(([name, value]) => value === undefined ? [] : [[name, value]])
    const { app, authorise } = await startService(t, { DATA_DIR: directory, ...Object.fromEntries(given) })
    const ask = async (path: string) => {
      const answer = await app.inject({ url: `/api/v1/objects${path}`, headers: authorise(admin) })
      return { status: answer.statusCode, page: answer.json() }
    }
    return { app, ask }
  }

  const first = await startWith({ SERVICE_SECRET: firstSecret })
  await catalogueFiles(first.app.database, [1, 2].flatMap((run) => ['a', 'b', 'c'].flatMap((path) => [admin, member].map((caller) => ({
    objectKey: mintObjectKey({
      orgKey: admin.orgKey, workflowId: run === 1 ? workflowId : id(9), runId: id(run), createdBy: caller.userId, direction: 'outputs', path,
    }),
    sizeBytes: 2 * 1024 * 1024,
  })))))
  await catalogueFiles(first.app.database, [{
    objectKey: mintObjectKey({ orgKey: admin.orgKey, workflowId, runId: id(2), createdBy: admin.userId, direction: 'inputs', path: 'd' }),
    sizeBytes: 1,
  }])
  const expected: unknown[] = []
  const continued: string[] = []
  for (const list of lists) {
    const { status, page: { nextCursor } } = await first.ask(`${list}limit=1`)
    t.equal(status, 200, list)
    continued.push(`${list}limit=1&cursor=${nextCursor}`)
  }
  const withoutCursor = ({ page: { nextCursor, ...page } }: { page: { nextCursor: unknown } }) => page
  for (const path of continued) expected.push(withoutCursor(await first.ask(path)))
  await first.app.close()

  for (const secrets of [
    { SERVICE_SECRET: firstSecret },
    { SERVICE_SECRET: secondSecret, SERVICE_SECRET_PREVIOUS: firstSecret },
  ]) {
    const { app, ask } = await startWith(secrets)
    for (const [index, path] of continued.entries()) t.strictSame(withoutCursor(await ask(path)), expected[index], path)
    await app.close()
  }
  const { ask } = await startWith({ SERVICE_SECRET: thirdSecret, SERVICE_SECRET_PREVIOUS: secondSecret })
  for (const path of continued) t.match(await ask(path), { status: 400, page: { code: 'INVALID_REQUEST' } })
})
