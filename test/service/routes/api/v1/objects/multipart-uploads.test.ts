import { randomBytes } from 'node:crypto'
import t from 'tap'
import { PART_MIN_BYTES } from '../../../../../../objects/part-layout.js'
import { auditSums } from '../../../../../../db/usage/audit.js'
import { abortAbandonedUploads } from '../../../../../../uploads/abandoned-uploads.js'
import { admin, colleague, foreignMember, member, runId, service, startService, workflowId } from '../../../../../support/service.js'
import { storeKinds } from '../../../../../support/stores.js'

const MiB = 1024 ** 2
const file = { workflowId, runId, direction: 'outputs', path: 'models/weights.bin', contentType: 'application/x-weights' }
const bytes = randomBytes(2 * PART_MIN_BYTES + 7)
const partOf = (number: number, size = PART_MIN_BYTES) => bytes.subarray((number - 1) * size, number * size)

type Service = Awaited<ReturnType<typeof startService>>
interface PartUrl { partNumber: number, sizeBytes: number, url: string }
interface Part { partNumber: number, entityTag: string }

/** What a client does with an upload in parts. */
function clientOf ({ app, authorise, follow }: Service, caller = member) {
  const base = '/api/v1/objects'
  const headers = authorise(caller)
  const begin = async (change: object = {}) => await app.inject({
    method: 'POST', url: `${base}/uploads`, headers, payload: { ...file, multipart: true, sizeBytes: bytes.length, ...change },
  })
  const put = async ({ url }: PartUrl, body: Buffer, more: Record<string, string> = {}) => {
    const answer = await follow(url, { method: 'PUT', body, headers: more })
    await answer.arrayBuffer()
    return { status: answer.status, entityTag: answer.headers.get('etag') ?? '' }
  }
  return {
    begin,
    put,
    /** The status of a failure. versitygw may answer before it has read the part, and close the connection. */
    putInVain: async (part: PartUrl, body: Buffer) => (await put(part, body).catch(() => ({ status: 403 }))).status,
    putAll: async (parts: PartUrl[]): Promise<Part[]> => await Promise.all(parts.map(async (part) => {
      const { entityTag } = await put(part, partOf(part.partNumber))
      return { partNumber: part.partNumber, entityTag }
    })),
    sign: async (uploadId: string, partNumbers: number[]) => await app.inject({
      method: 'POST', url: `${base}/uploads/parts`, headers, payload: { uploadId, partNumbers },
    }),
    list: async (uploadId: string, query = '') => await app.inject({
      url: `${base}/uploads/parts?uploadId=${uploadId}${query}`, headers,
    }),
    complete: async (uploadId: string, parts?: Part[]) => await app.inject({
      method: 'POST', url: `${base}/uploads/complete`, headers, payload: { uploadId, ...parts === undefined ? {} : { parts } },
    }),
    abort: async (uploadId: string) => await app.inject({ method: 'DELETE', url: `${base}/uploads?uploadId=${uploadId}`, headers }),
    usage: async () => {
      const { totalBytes, fileCount } = (await app.inject({ url: `${base}/storage-usage`, headers })).json()
      return [totalBytes, fileCount]
    },
  }
}

for (const kind of storeKinds) {
  t.test(`uploads in parts to the ${kind.name}`, { skip: kind.skip }, async (t) => {
    const environment = kind.environment()
    t.teardown(async () => { await kind.remove(environment) })
    const served = await startService(t, environment)
    const { app, follow } = served
    const client = clientOf(served)

    t.test('parts sent side by side are the file, which is counted when completing it is answered', async (t) => {
      const begun = await client.begin()
      t.equal(begun.statusCode, 201)
      t.equal(begun.headers['cache-control'], 'no-store')
      const { objectKey, uploadId, partSizeBytes, parts, url, headers } = begun.json()
      t.equal(partSizeBytes, PART_MIN_BYTES)
      t.strictSame(parts.map((part: PartUrl) => part.partNumber), [1, 2, 3])
      t.strictSame(parts.map((part: PartUrl) => part.sizeBytes), [PART_MIN_BYTES, PART_MIN_BYTES, 7])
      t.equal(url, parts[0].url)
      t.strictSame(headers, {})
      t.notMatch(Buffer.from(uploadId, 'base64url').toString('latin1'), 'weights')
      const sent = await client.putAll(parts)
      t.strictSame(await client.usage(), [0, 0], 'parts are no file')
      const completed = await client.complete(uploadId, sent)
      t.equal(completed.statusCode, 200, completed.body)
      t.equal(completed.json().objectKey, objectKey)
      t.strictSame(await client.usage(), [bytes.length, 1])

      const { pathname, search } = new URL(completed.json().downloadUrl)
      const redirect = await app.inject(pathname + search)
      const downloaded = await follow(redirect.headers.location ?? '')
      t.ok(Buffer.from(await downloaded.arrayBuffer()).equals(bytes))
      t.equal(downloaded.headers.get('content-type'), file.contentType)

      t.equal((await client.complete(uploadId, sent)).statusCode, 200, 'the answer was lost, and it is asked again')
      t.strictSame(await client.usage(), [bytes.length, 1])
      t.equal((await client.sign(uploadId, [1])).json().code, 'UPLOAD_NOT_FOUND')
      t.equal((await client.list(uploadId)).json().code, 'UPLOAD_NOT_FOUND')
      t.equal((await client.abort(uploadId)).json().code, 'UPLOAD_COMPLETED')
      t.ok(await client.putInVain(parts[0], partOf(1)) >= 400)
      const removed = await app.inject({
        method: 'DELETE', url: `/api/v1/objects?objectKey=${encodeURIComponent(objectKey)}`, headers: served.authorise(member),
      })
      t.equal(removed.statusCode, 200)
      t.equal((await client.complete(uploadId, sent)).json().code, 'UPLOAD_NOT_FOUND')
      t.strictSame(await client.usage(), [0, 0])
    })

    t.test('what has arrived is listed, and the rest is sent later', async (t) => {
      const { uploadId, parts } = (await client.begin()).json()
      await client.putAll([parts[2], parts[0]])
      const listed = (await client.list(uploadId)).json()
      const arrived = [{ partNumber: 1, sizeBytes: PART_MIN_BYTES }, { partNumber: 3, sizeBytes: 7 }]
      t.match(listed, { parts: arrived, nextAfter: null })
      const first = (await client.list(uploadId, '&limit=1')).json()
      t.match(first, { parts: [{ partNumber: 1 }], nextAfter: 1 })
      t.match((await client.list(uploadId, '&limit=1&after=1')).json(), { parts: [{ partNumber: 3 }] })
      const refused = await client.complete(uploadId)
      t.equal(refused.json().code, 'UPLOAD_INCOMPLETE')
      t.match(refused.json().message, 'part 2 of 3 has not arrived')
      const signed = (await client.sign(uploadId, [2])).json()
      t.ok(Date.parse(signed.expiresAt) > Date.now())
      await client.putAll(signed.parts)
      t.equal((await client.complete(uploadId)).statusCode, 200)
      t.strictSame(await client.usage(), [bytes.length, 1])
    })

    t.test('parts that are not what was stated are told one by one, and the upload goes on', async (t) => {
      const { uploadId, parts } = (await client.begin({ path: 'wrong.bin' })).json()
      t.equal(await client.putInVain(parts[2], Buffer.alloc(8)), 403, 'a byte too many')
      t.equal(await client.putInVain(parts[1], Buffer.alloc(PART_MIN_BYTES - 1)), 403, 'a byte too few')
      const sent = await client.putAll(parts)
      const wrong = async (stated: Part[], message: string) => {
        const { code, message: said } = (await client.complete(uploadId, stated)).json()
        t.equal(code, 'UPLOAD_INCOMPLETE')
        t.match(said, message)
      }
      await wrong(sent.slice(0, 2), 'part 3 is not named in its place')
      await wrong(sent.toReversed(), 'part 1 is not named in its place')
      await wrong([...sent, ...sent.slice(2)], 'more parts are named than the file has')
      const withOtherTag = sent.map((part) => part.partNumber === 2 ? { ...part, entityTag: '"0"' } : part)
      await wrong(withOtherTag, 'part 2 has arrived with another tag')
      await wrong([...sent.slice(0, 1), ...sent.slice(0, 2)], 'part 2 is not named in its place')
      const again = await client.put(parts[1], randomBytes(PART_MIN_BYTES))
      await wrong(sent, 'part 2 has arrived with another tag')
      await client.put(parts[1], partOf(2))
      t.not(again.entityTag, sent[1]?.entityTag)
      t.equal((await client.complete(uploadId, sent)).statusCode, 200)
    })

    t.test('an aborted upload leaves nothing, and may be aborted again', async (t) => {
      const { uploadId, parts, objectKey } = (await client.begin({ path: 'aborted.bin' })).json()
      await client.put(parts[0], partOf(1))
      t.equal((await client.abort(uploadId)).statusCode, 204)
      t.equal((await client.abort(uploadId)).statusCode, 204)
      t.ok(await client.putInVain(parts[1], partOf(2)) >= 400)
      for (const answer of [await client.complete(uploadId), await client.sign(uploadId, [1]), await client.list(uploadId)]) {
        t.equal(answer.json().code, 'UPLOAD_NOT_FOUND')
      }
      t.equal(await app.objectStorage.head(objectKey), undefined)
      const rows = await app.database.selectFrom('uploads').select('object_key').where('object_key', '=', objectKey).execute()
      t.strictSame(rows, [])
    })

    t.test('uploads that were given up are aborted, and no others', async (t) => {
      const abandoned = (await client.begin({ path: 'abandoned.bin' })).json()
      const alive = (await client.begin({ path: 'alive.bin' })).json()
      const foreign = await app.objectStorage.multipart.initiate(`${alive.objectKey}.other`, 'text/plain')
      await client.put(abandoned.parts[0], partOf(1))
      await app.database.updateTable('uploads').set({ expires_at: new Date(Date.now() - 1_000) })
        .where('object_key', '=', abandoned.objectKey).execute()
      t.equal((await client.sign(abandoned.uploadId, [1])).json().code, 'UPLOAD_NOT_FOUND', 'it is not opened again')
      t.equal((await client.complete(abandoned.uploadId)).json().code, 'UPLOAD_NOT_FOUND')
      let count = 0
      const abort = async () => await abortAbandonedUploads(app.database, app.objectStorage.multipart, {
        signal: new AbortController().signal, onAborted: () => { count++ }, onFailed: (_, error) => { throw error },
      })
      t.equal(await abort(), 1)
      t.equal(await abort(), 0)
      t.equal(count, 1)
      t.equal((await client.list(abandoned.uploadId)).json().code, 'UPLOAD_NOT_FOUND')
      t.equal((await client.list(alive.uploadId)).statusCode, 200)
      const others = { objectKey: `${alive.objectKey}.other`, storeUploadId: foreign }
      const untouched = await app.objectStorage.multipart.listParts(others, { after: 0, limit: 10 })
      t.strictSame(untouched, { parts: [], isTruncated: false })
      await app.objectStorage.multipart.abort(others)
    })

    t.test('an id is of use to the user that was given it, and to nobody else', async (t) => {
      const { uploadId, parts } = (await client.begin({ path: 'mine.bin' })).json()
      await client.putAll(parts)
      for (const caller of [colleague, admin, service, foreignMember]) {
        const other = clientOf(served, caller)
        for (const answer of [
          await other.sign(uploadId, [1]), await other.list(uploadId),
          await other.complete(uploadId), await other.abort(uploadId),
        ]) t.strictSame([answer.statusCode, answer.json().code], [404, 'UPLOAD_NOT_FOUND'])
      }
      t.equal((await client.complete(`${uploadId.slice(0, -1)}${uploadId.endsWith('A') ? 'B' : 'A'}`)).json().code, 'UPLOAD_NOT_FOUND')
      t.equal((await client.complete(uploadId)).statusCode, 200)
    })

    t.test('200 clients that race for a quota never exceed it, whichever way they upload', async (t) => {
      const before = await client.usage()
      const put = async (quotaBytes: number | null) => await app.inject({
        method: 'PUT', url: '/api/v1/objects/quota', headers: served.authorise(service), payload: { quotaBytes },
      })
      const reserved = await app.database.selectFrom('uploads').select(({ fn }) => fn.sum<bigint>('size_bytes').as('bytes'))
        .where('fulfilled_at', 'is', null).where('expires_at', '>', new Date()).executeTakeFirstOrThrow()
      const room = 5
      await put(before[0] + Number(reserved.bytes) + room * MiB)
      const race = async () => {
        const answers = await Promise.all(Array.from({ length: 200 }, async (_, index) =>
          await client.begin({ sizeBytes: MiB, path: `race-${index}`, multipart: index % 2 === 0 })))
        t.equal(answers.filter(({ statusCode }) => statusCode === 201).length, room)
        t.equal(answers.filter(({ statusCode }) => statusCode === 507).length, 200 - room)
        return answers.filter(({ statusCode }) => statusCode === 201).map((answer) => answer.json())
      }
      const lapsed = await race()
      await app.database.updateTable('uploads').set({ expires_at: new Date(Date.now() - 1_000) })
        .where('object_key', 'in', lapsed.map(({ objectKey }) => objectKey)).execute()
      const answers = await race()
      for (const { uploadId } of lapsed) if (uploadId !== undefined) t.equal((await client.abort(uploadId)).statusCode, 204)
      const [first, ...others] = answers.filter(({ uploadId }) => uploadId !== undefined)
      if (first === undefined) return
      t.equal((await client.begin({ sizeBytes: 1 })).statusCode, 507)
      t.equal((await client.abort(first.uploadId)).statusCode, 204)
      t.equal((await client.begin({ sizeBytes: MiB, path: 'after' })).statusCode, 201, 'what an aborted one had reserved is free')
      for (const other of others) await client.abort(other.uploadId)
      await put(null)
    })

    t.test('sums equal rows', async (t) => {
      t.strictSame(await auditSums(app.database), [])
    })
  })
}

t.test('what is not an upload in parts', async (t) => {
  const served = await startService(t, { UPLOAD_OPEN_BYTES: String(10 * MiB) })
  const client = clientOf(served)
  const refused: Array<[string, object, string]> = [
    ['no size', { sizeBytes: undefined }, 'INVALID_REQUEST'],
    ['an empty file', { sizeBytes: 0 }, 'INVALID_REQUEST'],
    ['more than 5 TiB', { sizeBytes: 5 * 1024 ** 4 + 1 }, 'INVALID_REQUEST'],
    ['parts that are too small', { partSizeBytes: PART_MIN_BYTES - 1 }, 'INVALID_REQUEST'],
    ['more than 10,000 parts', { partSizeBytes: PART_MIN_BYTES, sizeBytes: 10_000 * PART_MIN_BYTES + 1 }, 'INVALID_REQUEST'],
    ['a part\'s size of a file that is put whole', { multipart: false, partSizeBytes: PART_MIN_BYTES }, 'INVALID_REQUEST'],
    ['a whole file of more than 5 GiB', { multipart: false, sizeBytes: 5 * 1024 ** 3 + 1 }, 'INVALID_REQUEST'],
  ]
  for (const [name, change, code] of refused) {
    const answer = await client.begin(change)
    t.strictSame([answer.statusCode, answer.json().code], [400, code], name)
  }
  const largest = await client.begin({ sizeBytes: 5 * 1024 ** 4 })
  t.equal(largest.statusCode, 201)
  t.equal(largest.json().parts.length, 10)
  const { uploadId } = largest.json()
  for (const partNumbers of [[], [0], [10_001], [1, 1], Array.from({ length: 101 }, (_, index) => index + 1)]) {
    t.equal((await client.sign(uploadId, partNumbers)).statusCode, 400)
  }
  t.equal((await client.sign(uploadId, [10_000])).statusCode, 200)
  const small = (await client.begin({ sizeBytes: 1 })).json()
  t.equal((await client.sign(small.uploadId, [2])).statusCode, 400, 'beyond the last part')

  t.test('what one user may reserve of a quota has a bound', async (t) => {
    const put = async (quotaBytes: number) => await served.app.inject({
      method: 'PUT', url: '/api/v1/objects/quota', headers: served.authorise(service), payload: { quotaBytes },
    })
    await client.abort(uploadId)
    await client.abort(small.uploadId)
    await put(100 * MiB)
    const answers = await Promise.all(Array.from({ length: 20 }, async (_, index) =>
      await client.begin({ sizeBytes: MiB, path: `${index}`, multipart: index % 2 === 0 })))
    t.equal(answers.filter(({ statusCode }) => statusCode === 201).length, 10)
    const codes = answers.filter(({ statusCode }) => statusCode !== 201).map((answer) => answer.json().code)
    t.strictSame([...new Set(codes)], ['OPEN_UPLOADS_EXCEEDED'])
    t.equal((await clientOf(served, colleague).begin({ sizeBytes: MiB })).statusCode, 201)
  })
})
