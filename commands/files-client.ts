import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { UploadRequest } from '../schemas/uploads.js'

const UploadPlaceSchema = Type.Object({
  objectKey: Type.String(),
  url: Type.String(),
  headers: Type.Record(Type.String(), Type.String()),
  expiresAt: Type.String(),
})
const TotalsSchema = Type.Object({ orgKey: Type.String(), totalBytes: Type.Integer(), fileCount: Type.Integer() })
const FailureSchema = Type.Object({ code: Type.String(), message: Type.String() })

/** Where one file can be put. */
export type UploadPlace = Static<typeof UploadPlaceSchema>

/** Something that the service or the object storage did not do, in words that hold neither keys nor URLs. */
export class FilesClientError extends Error {
  override name = 'FilesClientError'
  /** The service's code for it, where it gave one. */
  readonly code: string | undefined

  constructor (message: string, code?: string) {
    super(message)
    this.code = code
  }
}

/** The service as a program uses it. Every method throws FilesClientError when it is not there or refuses. */
export class FilesClient {
  readonly #origin: string
  readonly #token: string

  /**
   * @param origin the service's, such as `http://127.0.0.1:3000`
   * @param token a JSON Web Token
   */
  constructor (origin: string, token: string) {
    this.#origin = origin.replace(/\/$/, '')
    this.#token = token
  }

  async createUpload (upload: UploadRequest): Promise<UploadPlace> {
    return await this.#call('POST', '/uploads', UploadPlaceSchema, upload)
  }

  /** Puts a file, or another in its place while the pre-signed URL is valid. */
  async put ({ url, headers }: UploadPlace, body: Buffer): Promise<void> {
    const response = await this.#send('object storage', url, { method: 'PUT', headers, body })
    if (!response.ok) throw new FilesClientError(`Object storage refuses a file: status ${response.status}.`)
  }

  /** Removes a file; it is no failure when there is none. */
  async remove (objectKey: string): Promise<void> {
    try {
      await this.#call('DELETE', `?objectKey=${encodeURIComponent(objectKey)}`, Type.Unknown())
    } catch (error) {
      if (!(error instanceof FilesClientError && error.code === 'OBJECT_NOT_FOUND')) throw error
    }
  }

  /** What the token's organisation stores. */
  async readTotals (): Promise<Static<typeof TotalsSchema>> {
    return await this.#call('GET', '/storage-usage', TotalsSchema)
  }

  async #call<Schema extends TSchema> (method: string, path: string, schema: Schema, body?: object): Promise<Static<Schema>> {
    const response = await this.#send('the service', `${this.#origin}/api/v1/objects${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, ...body === undefined ? {} : { 'content-type': 'application/json' } },
      ...body === undefined ? {} : { body: JSON.stringify(body) },
    })
    const answer: unknown = await response.json().catch(() => undefined)
    if (response.ok && Value.Check(schema, answer)) return answer
    const request = `${method} ${path.replace(/\?.*/, '') || '/'}`
    if (!Value.Check(FailureSchema, answer)) throw new FilesClientError(`The service answers ${request} with status ${response.status}.`)
    throw new FilesClientError(`The service refuses ${request}: ${answer.code}: ${answer.message}`, answer.code)
  }

  async #send (whom: string, url: string, request: RequestInit): Promise<Response> {
    try {
      return await fetch(url, request)
    } catch {
      throw new FilesClientError(`At ${new URL(url).origin}, ${whom} does not answer.`)
    }
  }
}
