import mime from 'mime'
import { FileBlob } from '../client/file-blob.js'
import { type ResumePoint, UploadError, type UploadErrorCode, type UploadedFile, uploadFile } from '../client/index.js'
import type { Connection } from './connection.js'
import type { Display } from './display.js'
import { TransferError, TransferStoppedError } from './failures.js'
import { inTurn } from './in-turn.js'
import { type LocalFile, type Source, filesOf, shown } from './local-files.js'
import type { UploadRecords } from './upload-records.js'

/** Where files go. */
interface Destination {
  workflowId: string
  runId: string
  direction: 'inputs' | 'outputs'
}

export interface PutOptions {
  connection: Connection
  sources: readonly Source[]
  destination: Destination
  /** Undefined if no records can be kept. */
  records: UploadRecords | undefined
  /** How many files are sent at a time. */
  parallel: number
  display: Display
  /** Called for every file that has been sent, or was already there. */
  onFile: (path: string, uploaded: UploadedFile, wasThere: boolean) => void
  signal: AbortSignal
}

const PROBLEMS_SHOWN = 20
/** After these, other files would fail in the same way. */
const stoppingCodes: ReadonlySet<UploadErrorCode> = new Set([
  'NETWORK_FAILED', 'TOKEN_REQUIRED', 'TOKEN_INVALID', 'FORBIDDEN', 'QUOTA_EXCEEDED', 'STORE_REFUSED', 'STORE_UNAVAILABLE', 'OVERLOADED',
  'DATABASE_UNAVAILABLE', 'TOKEN_KEYS_UNAVAILABLE', 'SIZE_REQUIRED', 'TOO_MANY_REQUESTS',
])
// The record does not fit: there is no such upload any more, or it is another one.
const lostCodes: ReadonlySet<UploadErrorCode> = new Set(['UPLOAD_NOT_FOUND', 'FILE_CHANGED'])

/**
 * Sends files. All are checked first: if one of them cannot be sent, none is.
 *
 * @returns how many failed
 * @throws {TransferError} if nothing was sent, or nothing more can be sent
 */
export async function putFiles (options: PutOptions): Promise<{ failedCount: number }> {
  const { sources, records, parallel, display, signal } = options
  await survey(options)
  let failedCount = 0
  await inTurn(filesOf(sources), parallel, async (found) => {
    signal.throwIfAborted()
    // Files that are left out have already been reported.
    if (found.kind === 'left-out') return
    try {
      if (found.kind === 'problem') throw new TransferError(found.reason)
      await putFile(options, found.file)
    } catch (error) {
      signal.throwIfAborted()
      const failure = toFailure(error)
      if (failure instanceof TransferStoppedError) throw failure
      failedCount++
      display.note(`${shown(found.kind === 'file' ? found.file.path : found.path)}: ${failure.message}`)
    }
  })
  if (failedCount === 0) await records?.forget()
  return { failedCount }
}

/** @throws {TransferError} if a file cannot be sent */
async function survey ({ sources, display, signal }: PutOptions): Promise<void> {
  const problems: string[] = []
  let problemCount = 0
  let isEmpty = true
  for await (const found of filesOf(sources)) {
    signal.throwIfAborted()
    if (found.kind === 'file') {
      isEmpty = false
      display.expect(1, found.file.sizeBytes)
      continue
    }
    const line = `${shown(found.path)}: ${found.reason}`
    if (found.kind === 'left-out') display.note(`Left out: ${line}`)
    else if (problemCount++ < PROBLEMS_SHOWN) problems.push(`  ${line}`)
  }
  if (problemCount > problems.length) problems.push(`  and ${problemCount - problems.length} more`)
  if (problemCount > 0) throw new TransferError(`Nothing was sent, since these cannot be:\n${problems.join('\n')}`)
  if (isEmpty) throw new TransferError('There is no file to send.')
}

async function putFile (options: PutOptions, file: LocalFile): Promise<void> {
  const { records, display, onFile } = options
  const shownFile = display.begin(file.path, file.sizeBytes)
  try {
    const record = await records?.read(file)
    if (record?.file !== undefined && await isThere(options, file, record.file)) {
      shownFile.update(file.sizeBytes)
      onFile(file.path, record.file, true)
      return
    }
    const client = options.connection.createClient()
    // Recorded before the first byte is sent, so that after a kill the next run can find out whether the file has arrived.
    client.use({
      onResponse: async ({ response }) => {
        const place = await readPlace(response, file)
        if (place !== undefined) await records?.write(file, { file: place })
      },
    })
    const upload = async (resumeFrom?: ResumePoint) => await uploadFile(new FileBlob(file), {
      ...options.destination,
      client,
      path: file.path,
      contentType: mime.getType(file.path) ?? 'application/octet-stream',
      signal: options.signal,
      onBegin: async (begun) => { await records?.write(file, { begun }) },
      onProgress: ({ sentBytes }) => { shownFile.update(sentBytes) },
      ...resumeFrom === undefined ? {} : { resumeFrom },
    })
    const uploaded = await upload(record?.begun).catch(async (error: unknown) => {
      if (record?.begun === undefined || !(error instanceof UploadError && lostCodes.has(error.code))) throw error
      await records?.remove(file)
      return await upload()
    })
    await records?.write(file, { file: uploaded })
    onFile(file.path, uploaded, false)
  } finally {
    shownFile.end()
  }
}

/** Where a file will be, from the answer to the request for its upload. */
async function readPlace (response: Response, { sizeBytes }: LocalFile): Promise<UploadedFile | undefined> {
  if (response.status !== 201) return undefined
  const answer: unknown = await response.clone().json()
  if (typeof answer !== 'object' || answer === null || !('objectKey' in answer) || !('downloadUrl' in answer)) return undefined
  const { objectKey, downloadUrl } = answer
  return typeof objectKey === 'string' && typeof downloadUrl === 'string' ? { objectKey, sizeBytes, downloadUrl } : undefined
}

/** Whether a file that an earlier run has sent still exists. */
async function isThere ({ signal }: PutOptions, { sizeBytes }: LocalFile, { downloadUrl }: UploadedFile): Promise<boolean> {
  const answer = await fetch(downloadUrl, { method: 'HEAD', signal }).catch(() => {
    signal.throwIfAborted()
    throw new TransferStoppedError('The service does not answer.')
  })
  return answer.ok && answer.headers.get('content-length') === String(sizeBytes)
}

function toFailure (error: unknown): TransferError {
  if (error instanceof TransferError) return error
  if (!(error instanceof UploadError)) throw error
  if (error.cause instanceof TransferError) return error.cause
  const message = `${error.message} (${error.code})`
  return stoppingCodes.has(error.code) ? new TransferStoppedError(message) : new TransferError(message)
}
