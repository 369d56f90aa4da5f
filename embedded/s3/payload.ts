import { createHash } from 'node:crypto'
import { UNSIGNED_PAYLOAD } from '../../store/signature-v4.js'
import { type Authentication } from './authentication.js'
import { type ChecksumAlgorithm, type KeptChecksum } from './checksum.js'
import { ChunkedPayload, STREAMING_PREFIX } from './chunked-payload.js'
import { PayloadChecksums } from './payload-checksums.js'
import { S3Error } from './s3-error.js'
import { type S3Request } from './s3-request.js'

const PUT_MAX_BYTES = 5 * 1024 ** 3

/** What was received. */
export interface ReceivedPayload {
  sizeBytes: number
  md5: Buffer
  /** By the algorithm that was asked for, or else the checksum that came with the payload. */
  checksum?: KeptChecksum
}

/** How a payload is received. */
export interface PayloadOptions {
  /** Default 5 GiB, the most that S3 accepts at once. */
  maxBytes?: number
  /** Computes a checksum whether or not one comes with the payload. */
  algorithm?: ChecksumAlgorithm | undefined
  /** What a checksum in the headers is of: `object` if the payload only says how to assemble it. */
  checksumOf?: 'payload' | 'object'
}

/**
 * Receives a request's body and passes it on piece by piece. It is complete and correct only when this returns: length,
 * Content-MD5, x-amz-content-sha256 and checksums can only be verified at the end.
 *
 * @param write is awaited before more is read
 * @throws {S3Error} naming the first of these that does not hold; MissingContentLength; EntityTooLarge
 */
export async function receivePayload (
  request: S3Request, authentication: Authentication, write: (chunk: Buffer) => Promise<void>, options: PayloadOptions = {},
): Promise<ReceivedPayload> {
  const { maxBytes = PUT_MAX_BYTES, algorithm, checksumOf = 'payload' } = options
  const chunked = authentication.payloadHash.startsWith(STREAMING_PREFIX) ? new ChunkedPayload(authentication) : undefined
  const expectedBytes = contentLength(request, chunked === undefined ? 'content-length' : 'x-amz-decoded-content-length')
  if (expectedBytes > maxBytes) throw new S3Error('EntityTooLarge')
  const expectedMd5 = contentMd5(request)
  const checksums = checksumOf === 'payload' ? new PayloadChecksums(request.headers, algorithm) : undefined
  const { payloadHash } = authentication
  if (chunked === undefined && payloadHash !== UNSIGNED_PAYLOAD && !/^[0-9a-f]{64}$/.test(payloadHash)) {
    throw new S3Error('InvalidArgument', 'x-amz-content-sha256 has a value that is not supported.')
  }

  const md5 = createHash('md5')
  const sha256 = chunked === undefined && payloadHash !== UNSIGNED_PAYLOAD ? createHash('sha256') : undefined
  let sizeBytes = 0
  // The connection is kept after a body is refused, so that the answer still reaches the client.
  const source: AsyncIterable<Buffer> = request.message.iterator({ destroyOnReturn: false })
  for await (const chunk of chunked?.decode(source) ?? source) {
    sizeBytes += chunk.length
    if (sizeBytes > expectedBytes) throw new S3Error('IncompleteBody')
    md5.update(chunk)
    sha256?.update(chunk)
    checksums?.update(chunk)
    await write(chunk)
  }

  if (sizeBytes !== expectedBytes) throw new S3Error('IncompleteBody')
  if (sha256 !== undefined && sha256.digest('hex') !== payloadHash) throw new S3Error('XAmzContentSHA256Mismatch')
  const md5Digest = md5.digest()
  if (expectedMd5?.equals(md5Digest) === false) throw new S3Error('BadDigest')
  const checksum = checksums?.verify(chunked?.trailers ?? new Map())
  return { sizeBytes, md5: md5Digest, ...checksum === undefined ? {} : { checksum } }
}

/** Receives a small body as a whole, such as an operation's XML. */
export async function receiveText (
  request: S3Request, authentication: Authentication, options: PayloadOptions,
): Promise<string> {
  const chunks: Buffer[] = []
  await receivePayload(request, authentication, async (chunk) => { chunks.push(chunk) }, options)
  return Buffer.concat(chunks).toString()
}

function contentLength ({ headers }: S3Request, name: string): number {
  const text = headers.get(name)
  if (text === undefined || !/^\d{1,15}$/.test(text)) throw new S3Error('MissingContentLength')
  return Number(text)
}

function contentMd5 ({ headers }: S3Request): Buffer | undefined {
  const text = headers.get('content-md5')
  if (text === undefined) return undefined
  const digest = Buffer.from(text, 'base64')
  if (digest.length !== 16 || digest.toString('base64') !== text) throw new S3Error('InvalidDigest')
  return digest
}
