import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import t from 'tap'
import { mintObjectKey } from '../../../objects/object-key.js'
import type { ObjectStorage } from '../../../store/object-storage.js'
import { type Mismatch, type VerificationRequest, verifyFiles } from '../../../verify/run.js'
import { emptyTables } from '../../support/database.js'
import { foreignMember, member, runId, startService, workflowId } from '../../support/service.js'
import { storeKinds } from '../../support/stores.js'

const BODY = '{"hello": "world"}\n'
const OTHER = BODY.replace('world', 'earth')
const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex')
const sha256 = sha256Of(BODY)
const FIELD = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:'

for (const kind of storeKinds) {
  t.test(`reading files of the ${kind.name} again`, { skip: kind.skip }, async (t) => {
    const environment = kind.environment()
    t.teardown(async () => { await kind.remove(environment) })
    const { app, authorise, follow, downloadPath, putFile } =
      await startService(t, { ...environment, UPLOAD_CHECKSUMS: 'none', EXISTENCE_TTL: '0' })
    const mismatches: Mismatch[] = []
    t.beforeEach(async () => {
      await emptyTables(app.database)
      mismatches.length = 0
    })
    const count = async (objectKey: string) => { await app.bucketEvents.recount(objectKey, { wasStored: true }) }
    const put = async (body: string, objectKey?: string) => {
      const key = await putFile(body, objectKey === undefined ? {} : { objectKey })
      await count(key)
      return key
    }
    const upload = async (body: string, digests: object): Promise<string> => {
      const { objectKey, url, headers } = (await app.inject({
        method: 'POST',
        url: '/api/v1/objects/uploads',
        headers: authorise(member),
        payload: { workflowId, runId, direction: 'outputs', fileName: 'a.json', contentType: 'application/json', ...digests },
      })).json()
      t.equal((await follow(url, { method: 'PUT', body, headers })).status, 200)
      await count(objectKey)
      return objectKey
    }
    const verify = async (
      request: Partial<VerificationRequest> = {}, storage: Pick<ObjectStorage, 'read'> = app.objectStorage,
    ) => await verifyFiles({ database: app.database, storage }, {
      orgKey: undefined,
      share: 1,
      bytesPerSecond: undefined,
      restart: false,
      onMismatch: (mismatch) => { mismatches.push(mismatch) },
      onProgress: () => {},
      signal: new AbortController().signal,
      ...request,
    })
    const field = async (objectKey: string) =>
      (await app.inject({ method: 'HEAD', url: downloadPath(objectKey) })).headers['repr-digest']
    const link = async (objectKey: string) => (await app.inject(`${downloadPath(objectKey)}&as=json`)).json()
    const describe = async (objectKey: string) => (await app.inject({
      url: `/api/v1/objects?objectKey=${encodeURIComponent(objectKey)}`, headers: authorise(member),
    })).json()

    t.test('what it computed is shown from then on, until other bytes are there', async (t) => {
      const objectKey = await put(BODY)
      t.equal(await field(objectKey), undefined)
      t.match(await verify(), {
        counts: { readCount: 1, readBytes: BigInt(BODY.length) }, isResumed: false, isInterrupted: false,
      })
      t.equal(await field(objectKey), FIELD)
      t.match(await link(objectKey), { sha256 })
      t.match(await describe(objectKey), { sha256 })
      await put(OTHER, objectKey)
      t.equal(await field(objectKey), undefined)
      t.match(await link(objectKey), { sha256: undefined })
      t.match(await describe(objectKey), { sha256: undefined })
      await verify()
      t.match(await link(objectKey), { sha256: sha256Of(OTHER) })
      t.strictSame(mismatches, [])
    })

    t.test('a false claim is found out, and a true one becomes known to be true', async (t) => {
      const digests = { sha256, md5: createHash('md5').update(BODY).digest('hex'), crc32c: '00000000' }
      const [honest, wrong] = [await upload(BODY, { sha256 }), await upload(OTHER, digests)]
      t.match(await link(honest), { sha256: undefined, claimedSha256: sha256 })
      await verify()
      t.match(await link(honest), { sha256, claimedSha256: undefined })
      t.match(await link(wrong), { sha256: sha256Of(OTHER), claimedSha256: sha256 })
      const differing = (['sha256', 'md5', 'crc32c'] as const).map((algorithm) => ({ objectKey: wrong, algorithm, than: 'claimed' as const }))
      t.strictSame(mismatches, differing)
    })

    t.test('bytes that are others under the same entity tag are found, and what they were is kept', async (t) => {
      const objectKey = await put(BODY)
      await verify()
      const earlier = sha256Of('as they were')
      await sql`update digests set value = ${Buffer.from(earlier, 'hex')}`.execute(app.database)
      t.match(await verify(), { counts: { mismatchCount: 1 } })
      t.strictSame(mismatches, [{ objectKey, algorithm: 'sha256', than: 'verified' }])
      t.match(await link(objectKey), { sha256: earlier })
    })

    t.test('stopped, it resumes where it was, and counts on', async (t) => {
      const keys: string[] = []
      for (let index = 0; index < 10; index++) keys.push(await put(BODY))
      const stop = new AbortController()
      const stopped = await verify({ signal: stop.signal, onProgress: () => { stop.abort() } })
      t.match(stopped, { counts: { readCount: 4 }, isInterrupted: true })
      let first: number | undefined
      const resumed = await verify({ onProgress: ({ readCount }) => { first ??= readCount } })
      t.match(resumed, { counts: { readCount: 10, mismatchCount: 0 }, isResumed: true, isInterrupted: false })
      t.equal(first, 8)
      for (const key of keys) t.equal(await field(key), FIELD)
      t.match(await verify(), { counts: { readCount: 10 }, isResumed: false }, 'a finished one is not resumed')
    })

    t.test('only the organisation\'s files are read, and by one at a time', async (t) => {
      const foreignKey = mintObjectKey({
        orgKey: foreignMember.orgKey, workflowId, runId, createdBy: foreignMember.userId, direction: 'outputs', path: 'a.txt',
      })
      const [own, foreign] = [await put(BODY), await put(BODY, foreignKey)]
      let other: unknown = 'not tried'
      t.match(await verify({ orgKey: member.orgKey }, {
        read: async (...args) => {
          other = await verify()
          return await app.objectStorage.read(...args)
        },
      }), { counts: { readCount: 1 } })
      t.equal(other, undefined)
      t.equal(await field(own), FIELD)
      t.equal(await field(foreign), undefined)
    })

    t.test('a sample reads some, and files that are gone are passed over', async (t) => {
      const gone = await put(BODY)
      for (let index = 0; index < 3; index++) await put(BODY)
      await app.objectStorage.remove(gone)
      t.match(await verify(), { counts: { readCount: 3, unreadableCount: 0, mismatchCount: 0 } })
      t.match(await verify({ share: Number.MIN_VALUE }), { counts: { readCount: 0 }, isInterrupted: false })
    })
  })
}
