import { setTimeout } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { mintObjectKey } from '../../../objects/object-key.js'
import { type Presign, type SigningTarget, createPresign } from '../../../store/presigning.js'
import { member, runId, workflowId } from '../../support/service.js'

/** How a request ended: with a status, or 0 if the connection broke. */
interface Ended {
  what: string
  status: number
  /** Of an error, as documented; otherwise empty. */
  code: string
  tookMs: number
}

/** Where the service currently is, and how to make requests to it. */
export interface LoadTarget {
  origin: () => string
  authorization: string
  /** The store itself. */
  store: SigningTarget
}

/** Settings of a service under load. */
export const runSettings = {
  EVENTS_TOKEN: 'events-token-of-the-fault-run',
  // As documented: seconds that connecting to the store and its first byte may take, for each of two attempts.
  S3_CONNECT_TIMEOUT: '1',
  S3_FIRST_BYTE_TIMEOUT: '1',
  EXISTENCE_TTL: '0',
  UPLOAD_LIMIT: '0',
  DOWNLOAD_MISS_LIMIT: '0',
}

const WORKERS = 4
const PAUSE_MS = 20
/** Longer than anything should take, so that a hanging request is noticed. */
const GIVE_UP_MS = 60_000

/**
 * Steady use of the service: uploads, whose events are repeated until they are accepted, as a store repeats them; downloads and
 * usage requests.
 */
export class Load {
  /** Sizes of the files that are in the store. */
  readonly files = new Map<string, number>()
  ended: Ended[] = []
  readonly #target: LoadTarget
  readonly #presign: Presign
  readonly #dispatcher = new Agent({ headersTimeout: GIVE_UP_MS })
  readonly #users: Array<Promise<void>> = []
  readonly #senders: Array<Promise<void>> = []
  readonly #events: string[] = []
  #isStopping = false
  #isComplete = false

  constructor (target: LoadTarget) {
    this.#target = target
    this.#presign = createPresign(target.store)
    for (let worker = 0; worker < WORKERS; worker++) {
      this.#users.push(this.#use())
      this.#senders.push(this.#sendEvents())
    }
  }

  /** Events that have not been accepted yet. */
  get queuedCount (): number {
    return this.#events.length
  }

  /** Stops once every event has been accepted. */
  async stop (): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#users)
    // An upload in progress adds an event even after all others have been sent.
    this.#isComplete = true
    await Promise.all(this.#senders)
    await this.#dispatcher.close()
  }

  /** Resolves once every kind of request succeeds again. */
  async recovery (): Promise<void> {
    const since = this.ended.length
    const isWell = (what: string) =>
      this.ended.slice(since).some((one) => one.what === what && one.status >= 200 && one.status < 400)
    while (!['upload', 'event', 'download', 'usage'].every(isWell)) await setTimeout(PAUSE_MS)
  }

  /** Resolves once a request of this kind has failed with one of the statuses. */
  async failure (what: string, statuses: number[]): Promise<void> {
    const since = this.ended.length
    const hasFailed = () => this.ended.slice(since).some((one) => one.what === what && statuses.includes(one.status))
    while (!hasFailed()) await setTimeout(PAUSE_MS)
  }

  /** Reads the usage this many times concurrently; returns how each ended. */
  async readUsage (count: number): Promise<Ended[]> {
    return await Promise.all(Array.from({ length: count }, async () => await this.#readUsage()))
  }

  async #use (): Promise<void> {
    for (let turn = 0; !this.#isStopping; turn++) {
      await this.#upload(turn)
      const [objectKey = ''] = [...this.files.keys()].slice(-1)
      await this.#ask('download', 'GET', `/download?objectKey=${encodeURIComponent(objectKey)}`)
      await this.#readUsage()
      await setTimeout(PAUSE_MS)
    }
  }

  async #readUsage (): Promise<Ended> {
    return await this.#ask('usage', 'GET', '/storage-usage', { authorization: this.#target.authorization })
  }

  async #upload (turn: number): Promise<void> {
    const { authorization, store: { bucket } } = this.#target
    const upload = { workflowId, runId, direction: 'outputs', fileName: 'file', contentType: 'text/plain' } as const
    await this.#ask('upload', 'POST', '/uploads', { authorization, 'content-type': 'application/json' }, JSON.stringify(upload))
    const { direction, fileName: path } = upload
    const objectKey = mintObjectKey({ orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction, path })
    const url = this.#presign({ method: 'PUT', objectKey, signedAt: new Date(), expiresInSeconds: 600 })
    const body = 'x'.repeat(turn % 100)
    const eventTime = new Date().toISOString()
    const isStored = await request(url, { method: 'PUT', body, headersTimeout: 2_000, dispatcher: this.#dispatcher })
      .then(async (answer) => { await answer.body.dump(); return answer.statusCode === 200 }, () => false)
    if (!isStored) return
    this.files.set(objectKey, body.length)
    this.#events.push(JSON.stringify({
      Records: [{
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        eventName: 'ObjectCreated:Put',
        eventTime,
        s3: { bucket: { name: bucket }, object: { key: encodeURIComponent(objectKey), size: body.length, eTag: 'e', sequencer: '01' } },
      }],
    }))
  }

  async #sendEvents (): Promise<void> {
    while (!this.#isComplete || this.#events.length > 0) {
      const event = this.#events.shift()
      if (event === undefined) {
        await setTimeout(PAUSE_MS)
        continue
      }
      const { status } = await this.#ask('event', 'POST', '/events', { authorization: `Bearer ${runSettings.EVENTS_TOKEN}` }, event)
      if (status === 200) continue
      this.#events.unshift(event)
      await setTimeout(PAUSE_MS)
    }
  }

  async #ask (what: string, method: 'GET' | 'POST', path: string, headers: Record<string, string> = {}, body?: string): Promise<Ended> {
    const sentAt = performance.now()
    const answer = await request(new URL(`/api/v1/objects${path}`, this.#target.origin()), {
      dispatcher: this.#dispatcher, method, headers, body: body ?? null,
    }).then(async ({ statusCode: status, body }) => ({ status, code: codeOf(status, await body.text()) }))
      .catch(() => ({ status: 0, code: '' }))
    const ended = { what, ...answer, tookMs: performance.now() - sentAt }
    this.ended.push(ended)
    return ended
  }
}

function codeOf (status: number, body: string): string {
  return status < 400 ? '' : JSON.parse(body).code
}
