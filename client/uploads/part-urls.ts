import { askOnce } from './service-answer.js'
import type { UploadContext } from './upload-context.js'

/** How many parts the service signs URLs for at once. */
const BATCH_PARTS = 100

interface SignedParts {
  parts: Array<{ partNumber: number, url: string }>
  expiresAt: string
}

/** The URLs of an upload's parts, signed in batches as they are needed. */
export class PartUrls {
  readonly #context: UploadContext
  readonly #uploadId: string
  readonly #urls = new Map<number, { url: string, batch: SignedParts }>()
  #signing: Promise<void> | undefined

  /** @param signed the URLs that came with the upload */
  constructor (context: UploadContext, uploadId: string, signed?: SignedParts) {
    this.#context = context
    this.#uploadId = uploadId
    if (signed !== undefined) this.#keep(signed)
  }

  /**
   * The URL of a part. Asks the service at most once, so the caller must retry.
   *
   * @param next the parts that follow, whose URLs are signed along with it
   */
  async get (partNumber: number, next: readonly number[]): Promise<string> {
    // It may be in a batch that others are waiting for.
    while (this.#signing !== undefined) await this.#signing
    const known = this.#urls.get(partNumber)
    if (known !== undefined && Date.parse(known.batch.expiresAt) > Date.now()) return known.url
    this.#signing = this.#sign([partNumber, ...next.slice(0, BATCH_PARTS - 1)]).finally(() => { this.#signing = undefined })
    await this.#signing
    // It was just signed, even if it seems expired because this machine's clock is ahead of the service's.
    return this.#urls.get(partNumber)?.url ?? ''
  }

  /** Forgets a URL that the storage refused, and those signed with it, so that they are signed again. */
  forget (refused: string): void {
    const batch = [...this.#urls.values()].find(({ url }) => url === refused)?.batch
    for (const [partNumber, signed] of this.#urls) if (signed.batch === batch) this.#urls.delete(partNumber)
  }

  async #sign (partNumbers: number[]): Promise<void> {
    const { client, patience } = this.#context
    this.#keep(await askOnce(patience, (signal) =>
      client.POST('/api/v1/objects/uploads/parts', { body: { uploadId: this.#uploadId, partNumbers }, signal })))
  }

  #keep (batch: SignedParts): void {
    for (const { partNumber, url } of batch.parts) this.#urls.set(partNumber, { url, batch })
  }
}
