import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { PART_MIN_BYTES } from '../../../objects/part-layout.js'
import { auditSums } from '../../../db/usage/audit.js'
import { member, runId, startService, workflowId } from '../../support/service.js'

const RUNS = 12
const LAST_BYTES = 7
const partNumbers = [1, 2, 3]
const sizeOf = (partNumber: number) => partNumber === partNumbers.length ? LAST_BYTES : PART_MIN_BYTES
const sizeBytes = partNumbers.reduce((sum, partNumber) => sum + sizeOf(partNumber), 0)

interface Part { partNumber: number, entityTag: string }

/** How the request to complete an upload names the parts. */
const statements: Record<string, (parts: Part[]) => Part[] | undefined> = {
  'not at all': () => undefined,
  'as they are': (parts) => parts,
  'without the last one': (parts) => parts.slice(0, -1),
  'in reverse': (parts) => parts.toReversed(),
  'with one twice': (parts) => [...parts, ...parts.slice(-1)],
  'with the tag of another one': (parts) => parts.map((part, index) => ({ ...part, entityTag: parts.at(index - 1)?.entityTag ?? '' })),
  'with a number too many': (parts) => [...parts, { partNumber: partNumbers.length + 1, entityTag: 'a' }],
}
const right = new Set(['not at all', 'as they are'])

const partNumber = fc.constantFrom(...partNumbers)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('put' as const), partNumber }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('put short' as const), partNumber }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('put too much' as const), partNumber }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('complete' as const), stated: fc.constantFrom(...Object.keys(statements)) }) },
)

t.test('whatever is sent in whichever order, an upload says what is wrong with it, and goes on to be the file', async (t) => {
  const { app, authorise, follow } = await startService(t, { S3_FIRST_BYTE_TIMEOUT: '60' })
  const headers = authorise(member)
  const base = '/api/v1/objects'
  let fileCount = 0
  const put = async (url: string, body: Buffer) => {
    const answer = await follow(url, { method: 'PUT', body })
    await answer.arrayBuffer()
    return { status: answer.status, entityTag: (answer.headers.get('etag') ?? '').replaceAll('"', '') }
  }
  const usage = async () => {
    const { totalBytes, fileCount } = (await app.inject({ url: `${base}/storage-usage`, headers })).json()
    return { totalBytes, fileCount }
  }

  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
    const begun = (await app.inject({
      method: 'POST',
      url: `${base}/uploads`,
      headers,
      payload: {
        workflowId, runId, direction: 'outputs', path: 'parts.bin', contentType: 'text/plain', multipart: true, sizeBytes,
      },
    })).json()
    const urlOf = (partNumber: number): string => begun.parts[partNumber - 1].url
    /** The parts that the store has, by number. */
    const stored = new Map<number, { body: Buffer, entityTag: string }>()
    const send = async (partNumber: number) => {
      const body = randomBytes(sizeOf(partNumber))
      const { status, entityTag } = await put(urlOf(partNumber), body)
      if (status !== 200) throw new Error(`A part is answered ${status}.`)
      stored.set(partNumber, { body, entityTag })
    }
    const complete = async (parts: Part[] | undefined) => {
      const payload = { uploadId: begun.uploadId, ...parts === undefined || parts.length === 0 ? {} : { parts } }
      return await app.inject({ method: 'POST', url: `${base}/uploads/complete`, headers, payload })
    }
    const isWhole = () => partNumbers.every((partNumber) => stored.get(partNumber)?.body.length === sizeOf(partNumber))

    let isCompleted = false
    for (const step of steps) {
      if (isCompleted) break
      if (step.kind === 'put') await send(step.partNumber)
      if (step.kind === 'put too much') {
        const { status } = await put(urlOf(step.partNumber), Buffer.alloc(sizeOf(step.partNumber) + 1))
        if (status !== 403) throw new Error(`A part that is too big is answered ${status}.`)
      }
      if (step.kind === 'put short') {
        // Not with the service's URL, which accepts only the part's exact size.
        const query = Object.fromEntries(new URL(urlOf(step.partNumber), 'http://localhost').searchParams)
        const { partNumber = '', uploadId = '' } = query
        const body = randomBytes(sizeOf(step.partNumber) - 1)
        const url = app.presignUpload({
          method: 'PUT', objectKey: begun.objectKey, query: { partNumber, uploadId }, signedAt: new Date(), expiresInSeconds: 300,
        })
        const { status, entityTag } = await put(url, body)
        if (status !== 200) throw new Error(`A short part is answered ${status}.`)
        stored.set(step.partNumber, { body, entityTag })
      }
      if (step.kind === 'complete') {
        const parts = [...stored].sort(([one], [other]) => one - other)
          .map(([partNumber, { entityTag }]) => ({ partNumber, entityTag }))
        const answer = await complete(statements[step.stated]?.(parts))
        const { code, message } = answer.json()
        isCompleted = isWhole() && right.has(step.stated)
        const isAsExpected = isCompleted
          ? answer.statusCode === 200
          : answer.statusCode === 409 && code === 'UPLOAD_INCOMPLETE' && message.includes('part')
        if (!isAsExpected) throw new Error(`Completing it, with the parts named ${step.stated}, is answered ${answer.body}`)
      }
    }
    if (!isCompleted) {
      for (const partNumber of partNumbers) {
        if (stored.get(partNumber)?.body.length !== sizeOf(partNumber)) await send(partNumber)
      }
      const answer = await complete(undefined)
      if (answer.statusCode !== 200) throw new Error(`In the end it is answered ${answer.body}`)
    }
    fileCount++
    const { totalBytes, fileCount: countedFiles } = await usage()
    if (totalBytes !== fileCount * sizeBytes || countedFiles !== fileCount) throw new Error(`${totalBytes} bytes are counted.`)
    const hash = createHash('sha256')
    for (const chunk of partNumbers) hash.update(stored.get(chunk)?.body ?? '')
    const file = await app.minio.getObject(app.storeTarget.bucket, begun.objectKey)
    const found = createHash('sha256')
    for await (const chunk of file) found.update(chunk)
    if (found.digest('hex') !== hash.digest('hex')) throw new Error('The file is not what its parts are.')
  }), { numRuns: RUNS })
  t.equal(fileCount, RUNS)
  t.strictSame(await auditSums(app.database), [])
})
