import { createHash, createHmac } from 'node:crypto'
import { formatScope } from '../../store/signature-v4.js'
import { type Authentication, equalInConstantTime } from './authentication.js'
import { S3Error } from './s3-error.js'

/** The `x-amz-content-sha256` of every chunked payload begins like this. */
export const STREAMING_PREFIX = 'STREAMING-'

/** The one trailer that is not announced beforehand. */
export const SIGNATURE_TRAILER = 'x-amz-trailer-signature'

const ALGORITHM = 'AWS4-HMAC-SHA256'
const LINE_MAX_BYTES = 1024
const EMPTY_HASH = createHash('sha256').digest('hex')
const LINE_END = Buffer.from('\r\n')

/**
 * A body in AWS's chunks, each with its signature or all unsigned, with or without trailers (Amazon S3 API Reference,
 * "Signature calculations: transferring payload in multiple chunks", and the same "including trailing headers").
 */
export class ChunkedPayload {
  /** Names in lower case; known once the body has ended. */
  readonly trailers = new Map<string, string>()
  readonly #authentication: Authentication
  readonly #isSigned: boolean
  readonly #hasTrailers: boolean
  #previousSignature: string

  /** @throws {S3Error} NotImplemented for any other kind */
  constructor (authentication: Authentication) {
    switch (authentication.payloadHash) {
      case `STREAMING-${ALGORITHM}-PAYLOAD`: [this.#isSigned, this.#hasTrailers] = [true, false]; break
      case `STREAMING-${ALGORITHM}-PAYLOAD-TRAILER`: [this.#isSigned, this.#hasTrailers] = [true, true]; break
      case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER': [this.#isSigned, this.#hasTrailers] = [false, true]; break
      default: throw new S3Error('NotImplemented')
    }
    this.#authentication = authentication
    this.#previousSignature = authentication.signature
  }

  /**
   * Strips the chunks' framing. A chunk's bytes are passed on before its signature is checked: they can be relied on only if
   * the iteration ends without an error.
   *
   * @throws {S3Error} IncompleteBody if the framing is wrong; SignatureDoesNotMatch
   */
  async * decode (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
    const reader = new ByteReader(source)
    for (;;) {
      const header = await reader.line()
      const [, hexSize, signature] = /^([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(header) ?? []
      if (hexSize === undefined) throw new S3Error('IncompleteBody')
      const hash = createHash('sha256')
      const sizeBytes = Number.parseInt(hexSize, 16)
      for await (const part of reader.bytes(sizeBytes)) {
        if (this.#isSigned) hash.update(part)
        yield part
      }
      if (this.#isSigned) this.#verify(signature, `${ALGORITHM}-PAYLOAD`, `${EMPTY_HASH}\n${hash.digest('hex')}`)
      if (sizeBytes === 0) break
      if (await reader.line() !== '') throw new S3Error('IncompleteBody')
    }
    await this.#readTrailers(reader)
  }

  async #readTrailers (reader: ByteReader): Promise<void> {
    const hash = createHash('sha256')
    for (let line = await reader.line(); line !== ''; line = await reader.line()) {
      const separator = line.indexOf(':')
      const [name, value] = [line.slice(0, separator).trim().toLowerCase(), line.slice(separator + 1).trim()]
      if (separator < 1 || !this.#hasTrailers || this.trailers.size > 8) throw new S3Error('IncompleteBody')
      this.trailers.set(name, value)
      if (name !== SIGNATURE_TRAILER) hash.update(`${name}:${value}\n`)
    }
    if (this.#isSigned && this.#hasTrailers) {
      this.#verify(this.trailers.get(SIGNATURE_TRAILER), `${ALGORITHM}-TRAILER`, hash.digest('hex'))
    }
  }

  #verify (signature: string | undefined, algorithm: string, content: string): void {
    const { timestamp, scope, signingKey } = this.#authentication
    const stringToSign = [algorithm, timestamp, formatScope(scope), this.#previousSignature, content].join('\n')
    const expected = createHmac('sha256', signingKey).update(stringToSign).digest('hex')
    if (signature === undefined || !equalInConstantTime(signature, expected)) throw new S3Error('SignatureDoesNotMatch')
    this.#previousSignature = expected
  }
}

/** Reads lines and runs of bytes from a stream alternately, buffering no more than one piece of it and a line. */
class ByteReader {
  readonly #source: AsyncIterator<Buffer>
  #buffered: Buffer = Buffer.alloc(0)

  constructor (source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  async line (): Promise<string> {
    for (;;) {
      const end = this.#buffered.indexOf(LINE_END)
      if (end >= 0) return this.#take(end + LINE_END.length).toString('latin1', 0, end)
      if (this.#buffered.length > LINE_MAX_BYTES) throw new S3Error('IncompleteBody')
      this.#buffered = Buffer.concat([this.#buffered, await this.#next()])
    }
  }

  async * bytes (count: number): AsyncGenerator<Buffer, void> {
    for (let left = count; left > 0;) {
      if (this.#buffered.length === 0) this.#buffered = await this.#next()
      const part = this.#take(Math.min(left, this.#buffered.length))
      left -= part.length
      yield part
    }
  }

  #take (count: number): Buffer {
    const taken = this.#buffered.subarray(0, count)
    this.#buffered = this.#buffered.subarray(count)
    return taken
  }

  async #next (): Promise<Buffer> {
    const { done, value } = await this.#source.next()
    if (done === true) throw new S3Error('IncompleteBody')
    return value
  }
}
