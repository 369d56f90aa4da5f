import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { Agent, request } from 'undici'
import { mintObjectKey } from '../../../objects/object-key.js'
import { compileCommands } from '../../support/command-process.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { TOKEN_SECRET, admin, runId, startService, workflowId } from '../../support/service.js'
import { startServiceProcess } from '../../support/service-process.js'
import { openEmbeddedStore } from '../../support/stores.js'

const REPLICAS = 3
const REQUESTS_AT_A_TIME = 8
const ROUNDS = 2
/** The answer to a revocation. */
const REFUSED_WITHIN_MS = 1_000

t.test('under load, no replica redirects more than a second after a revocation was answered', {
  skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set',
}, async (t) => {
  const commands = await compileCommands(t)
  const [{ url: databaseUrl, close }, store] = [await createServerDatabase(testDatabaseUrl ?? ''), await openEmbeddedStore()]
  t.teardown(close)
  t.teardown(store.close)
  const environment = {
    ...store.environment,
    DATABASE_URL: databaseUrl,
    JWT_SECRET: TOKEN_SECRET,
    SERVICE_SECRET: 'a-secret-of-all-replicas-in-this-test',
    LOG_LEVEL: 'info',
    MAX_EVENT_LOOP_DELAY: '0',
    DOWNLOAD_MISS_LIMIT: '0',
  }
  // Only to put the file and to sign the token.
  const { app, putFile, authorise } = await startService(t, environment)
  const objectKey = await putFile('x', {
    objectKey: mintObjectKey({ orgKey: admin.orgKey, workflowId, runId, createdBy: admin.userId, direction: 'outputs', path: 'a' }),
  })
  await app.close()
  const replicas = await Promise.all(Array.from({ length: REPLICAS }, async () =>
    await startServiceProcess(t, commands, environment)))
  const dispatcher = new Agent({ connections: REQUESTS_AT_A_TIME })
  t.teardown(() => dispatcher.destroy())
  const [first] = replicas
  const ask = async (method: 'POST' | 'DELETE', path: string, payload?: object) => {
    const answer = await request(`${first?.origin}/api/v1/objects/shares${path}`, {
      dispatcher,
      method,
      headers: { ...authorise(admin), ...payload === undefined ? {} : { 'content-type': 'application/json' } },
      body: payload === undefined ? null : JSON.stringify(payload),
    })
    const body = Object(await answer.body.json())
    t.ok(answer.statusCode < 300, JSON.stringify(body))
    return body
  }

  for (let round = 0; round < ROUNDS; round++) {
    const { id, url } = await ask('POST', '', { objectKey })
    const { pathname } = new URL(url)
    /** When the requests were sent that were answered with a redirect, and when those that were refused. */
    const sent: Record<number, number[]> = { 302: [], 404: [] }
    const ending = new AbortController()
    const load = replicas.flatMap(({ origin }) => Array.from({ length: REQUESTS_AT_A_TIME }, async () => {
      while (!ending.signal.aborted) {
        const sentAtMs = performance.now()
        const { statusCode, body } = await request(origin + pathname, { dispatcher })
        await body.dump()
        sent[statusCode]?.push(sentAtMs)
        if (statusCode !== 302 && statusCode !== 404) t.fail(`status ${statusCode}`)
      }
    }))
    await setTimeout(500)
    if (round % 2 === 0) await ask('DELETE', `/${id}`)
    else await ask('POST', '/revoke-all')
    const answeredAtMs = performance.now()
    await setTimeout(REFUSED_WITHIN_MS + 300)
    ending.abort()
    await Promise.all(load)
    const lastMs = Math.max(...sent[302] ?? []) - answeredAtMs
    const count = Object.values(sent).flat().length
    t.comment(`${count} requests; the last redirect was asked for ${lastMs.toFixed(0)} ms after the answer`)
    t.ok(sent[302]?.some((at) => at < answeredAtMs), 'it redirected before')
    t.ok(sent[404]?.some((at) => at > answeredAtMs), 'it refused afterwards')
    t.ok(lastMs <= REFUSED_WITHIN_MS, 'no later than a second')
  }
})
