import { join } from 'node:path'
import t, { type Test } from 'tap'
import { build } from '../../../app.js'
import { loadConfig } from '../../../config.js'
import { createListingCursors } from '../../../objects/listing-cursor.js'
import { createEmbeddedDirectory } from '../../support/embedded-template.js'
import { admin, runId, startService, workflowId } from '../../support/service.js'
import { signToken, validClaims } from '../../support/tokens.js'

const listing = `/api/v1/objects?workflowId=${workflowId}&runId=${runId}`
const scope = `${admin.orgKey}/workflows/${workflowId}/runs/${runId}/`

/** The whole service on a data directory that outlives it. */
async function startOn (t: Pick<Test, 'teardown'>, directory: string) {
  const app = build(loadConfig({ DATA_DIR: directory, LOG_LEVEL: 'silent', MAX_EVENT_LOOP_DELAY: '0' }))
  t.teardown(() => app.close())
  await app.ready()
  const ask = async (token: string, cursor?: string) => (await app.inject({
    url: cursor === undefined ? listing : `${listing}&cursor=${cursor}`, headers: { authorization: `Bearer ${token}` },
  })).statusCode
  return { app, ask }
}

t.test('with embedded parts, tokens and cursors survive a restart, and another directory\'s are refused', async (t) => {
  const directory = t.testdir()
  await createEmbeddedDirectory(join(directory, 'database'))
  const claims = { sub: admin.userId, orgKey: admin.orgKey, role: 'admin' }
  const first = await startOn(t, directory)
  const token = first.app.jwt.sign(claims, { expiresIn: '1h' })
  const cursor = createListingCursors(first.app.secrets.service).seal(scope, 'acme/a')
  t.equal(await first.ask(token, cursor), 200)
  await first.app.close()

  const second = await startOn(t, directory)
  t.equal(await second.ask(token, cursor), 200)
  t.equal(await second.ask(signToken('development-secret-that-production-refuses', validClaims())), 401)
  const other = await startService(t, { JWT_SECRET: '' })
  t.equal(await second.ask(other.app.jwt.sign(claims, { expiresIn: '1h' })), 401)
  t.equal(await second.ask(token, createListingCursors(other.app.secrets.service).seal(scope, 'acme/a')), 400)
})

t.test('beside a real store', async (t) => {
  const store = { S3_ENDPOINT: 'http://127.0.0.1:1', S3_ACCESS_KEY: 'access', S3_SECRET_KEY: 'secret key of the store', DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }
  const isWarning = (line: string) => line.includes('SERVICE_SECRET is not set')

  t.test('without SERVICE_SECRET, cursors are sealed with a key derived from the store\'s, and one line says so', async (t) => {
    const { app, log } = await startService(t, store)
    t.match(app.secrets.service, { current: store.S3_SECRET_KEY, others: [] })
    t.equal(log.filter(isWarning).length, 1)
    t.notMatch(log.join(''), store.S3_SECRET_KEY)
  })

  t.test('with SERVICE_SECRET, replicas share it, and open what was sealed with the previous one', async (t) => {
    const [current, previous] = ['a-secret-of-the-service-and-its-replicas', 'the-secret-of-the-service-before-that-one']
    const { app, log } = await startService(t, { ...store, SERVICE_SECRET: current, SERVICE_SECRET_PREVIOUS: previous })
    t.match(app.secrets.service, { current, others: [previous] })
    t.notOk(log.some(isWarning))
    t.notMatch(log.join(''), /a-secret-of-the-service|the-secret-of-the-service/)
  })
})
