import { EventEmitter, once } from 'node:events'
import { Agent, type IncomingMessage, type Server, type ServerResponse, createServer, request } from 'node:http'
import { setTimeout } from 'node:timers/promises'

/** What goes wrong between the service and its object store. */
export type Fault =
  /** The request is read and the connection reset. */
  | { kind: 'reset' }
  /** The request is passed on, and the connection reset in place of the answer. */
  | { kind: 'lose' }
  /** The request is read and never answered. */
  | { kind: 'mute' }
  /** The request is passed on once this resolves. */
  | { kind: 'hold', until: Promise<unknown> }
  /** An S3 error is sent in place of the store's answer. */
  | { kind: 'answer', statusCode: number, code: string }
  /** An S3 error begins to arrive, but its body never comes. */
  | { kind: 'answer-unended', statusCode: number }
  /** The answer stops after this many bytes of the body, and the connection stays open. */
  | { kind: 'stall', afterBytes: number }
  /** The answer stops after this many bytes of the body, and the connection is closed. */
  | { kind: 'truncate', afterBytes: number }
  /** The body arrives at this speed. */
  | { kind: 'slow', bytesPerSecond: number }
  /** Content-Length announces this many bytes too many; the connection stays open, like a keep-alive one. */
  | { kind: 'overstate', bytes: number }
  /** The answer comes without this header. */
  | { kind: 'omit', header: string }

/** A request that the service made. */
export interface ProxiedRequest {
  method: string
  /** As it was sent, with the query. */
  path: string
  headers: IncomingMessage['headers']
  /** Otherwise it concerns the bucket itself. */
  isForObject: boolean
}

interface Injected {
  fault: Fault
  method: string | undefined
  timesLeft: number
}

const SLOW_STEP_MS = 20

/**
 * A proxy between the service and its object store, with faults that can be switched while it runs. It passes the Host header
 * on unchanged, since that is signed.
 */
export class FaultProxy {
  /** Every request since `forgetRequests`, faulty or not. */
  requests: ProxiedRequest[] = []
  /** Bytes of bodies that were passed on to the service. */
  bodyBytes = 0
  readonly #server: Server
  readonly #upstream: URL
  readonly #agent = new Agent({ keepAlive: true })
  readonly #events = new EventEmitter()
  readonly #brokenOff = new WeakSet<ServerResponse>()
  #injected: Injected[] = []
  #port = 0

  private constructor (upstream: string) {
    this.#upstream = new URL(upstream)
    this.#server = createServer((message, response) => {
      this.#handle(message, response).catch(() => { this.#breakOff(response) })
    })
  }

  static async start (upstream: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstream)
    await proxy.accept()
    return proxy
  }

  /** The origin that the service is given as the store's. */
  get endpoint (): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Listens, unless it already does. */
  async accept (): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('The proxy does not listen on a port.')
    this.#port = address.port
  }

  /** Refuses connections from now on, and breaks existing ones. */
  async refuse (): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  /** Makes requests fail: all of them until `heal`, or this many of the next ones. The latest fault takes precedence. */
  inject (fault: Fault, { method, times = Infinity }: { method?: string, times?: number } = {}): void {
    this.#injected.unshift({ fault, method, timesLeft: times })
  }

  /** Ends all faults except for requests in progress. */
  heal (): void {
    this.#injected = []
  }

  forgetRequests (): void {
    this.requests = []
    this.bodyBytes = 0
  }

  /** How many requests about objects there were. */
  count (method?: string): number {
    return this.requests.filter((made) => made.isForObject && (method === undefined || made.method === method)).length
  }

  /** Resolves when the next request has arrived, or the next one with this method. */
  async arrival (method?: string): Promise<void> {
    await once(this.#events, method === undefined ? 'arrival' : `arrival ${method}`)
  }

  /** Resolves when the service next aborts a request. */
  async cancellation (): Promise<void> {
    await once(this.#events, 'cancellation')
  }

  async close (): Promise<void> {
    if (this.#server.listening) await this.refuse()
    this.#agent.destroy()
  }

  async #handle (message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = message
    this.requests.push({ method, path: url, headers, isForObject: /^\/[^/?]+\/[^?]/.test(url) })
    const fault = this.#takeFault(method)
    response.once('close', () => {
      if (!response.writableFinished && !this.#brokenOff.has(response)) this.#events.emit('cancellation')
    })
    this.#events.emit('arrival')
    this.#events.emit(`arrival ${method}`)
    switch (fault?.kind) {
      case 'reset': return this.#reset(response)
      case 'mute': return
      case 'answer': return sendError(response, fault.statusCode, fault.code)
      case 'answer-unended':
        response.writeHead(fault.statusCode, { 'content-type': 'application/xml', 'content-length': 100 }).flushHeaders()
        return
      case 'hold': await fault.until
    }
    await this.#forward(message, response, fault)
  }

  #takeFault (method: string): Fault | undefined {
    const injected = this.#injected.find((candidate) =>
      candidate.timesLeft > 0 && (candidate.method === undefined || candidate.method === method))
    if (injected === undefined) return undefined
    injected.timesLeft--
    return injected.fault
  }

  async #forward (message: IncomingMessage, response: ServerResponse, fault: Fault | undefined): Promise<void> {
    const { hostname, port } = this.#upstream
    const { method, url, rawHeaders: headers } = message
    const outgoing = request({ hostname, port, method, path: url, headers, setHost: false, agent: this.#agent })
    response.once('close', () => { outgoing.destroy() })
    message.pipe(outgoing)
    const [answer]: IncomingMessage[] = await once(outgoing, 'response')
    if (answer === undefined) return
    if (fault?.kind === 'lose') return this.#reset(response)
    response.writeHead(answer.statusCode ?? 502, distortHeaders(answer.rawHeaders, fault))
    let endOfBody = Infinity
    if (fault?.kind === 'stall' || fault?.kind === 'truncate') {
      endOfBody = fault.afterBytes
      response.flushHeaders()
    }
    let passedBytes = 0
    for await (const piece of pieces(answer, fault)) {
      const passed = piece.subarray(0, endOfBody - passedBytes)
      passedBytes += passed.length
      this.bodyBytes += passed.length
      await write(response, passed)
      if (passedBytes < endOfBody) continue
      if (fault?.kind === 'truncate') this.#breakOff(response)
      await once(response, 'close')
      return
    }
    if (fault?.kind !== 'overstate') response.end()
  }

  #breakOff (response: ServerResponse): void {
    this.#brokenOff.add(response)
    response.socket?.destroySoon()
  }

  #reset (response: ServerResponse): void {
    this.#brokenOff.add(response)
    response.socket?.resetAndDestroy()
  }
}

/** The body as it is to be passed on: whole chunks, or small pieces at a slow pace. */
async function * pieces (answer: AsyncIterable<Buffer>, fault: Fault | undefined): AsyncGenerator<Buffer> {
  for await (const chunk of answer) {
    if (fault?.kind !== 'slow') {
      yield chunk
      continue
    }
    const stepBytes = Math.max(1, Math.floor(fault.bytesPerSecond * SLOW_STEP_MS / 1000))
    for (let offset = 0; offset < chunk.length; offset += stepBytes) {
      yield chunk.subarray(offset, offset + stepBytes)
      await setTimeout(SLOW_STEP_MS)
    }
  }
}

/** Resolves when the bytes have left this process, or the connection is gone. */
function write (response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => { response.write(bytes, () => { resolve() }) })
}

function sendError (response: ServerResponse, statusCode: number, code: string): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>Injected.</Message></Error>`
  response.writeHead(statusCode, { 'content-type': 'application/xml', 'content-length': body.length }).end(body)
}

/** Alternating names and values, as in Node. */
function distortHeaders (rawHeaders: string[], fault: Fault | undefined): string[] {
  const headers: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2)
    if (fault?.kind === 'omit' && name.toLowerCase() === fault.header) continue
    const isLength = fault?.kind === 'overstate' && name.toLowerCase() === 'content-length'
    headers.push(name, isLength ? String(Number(value) + fault.bytes) : value)
  }
  return headers
}
