import { EventEmitter, once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http'
import type { Test } from 'tap'
import { listenLocally } from './listen.js'

/** A request that was answered. */
interface AnsweredRequest {
  method: string
  path: string
  /** For a part of an upload. */
  partNumber: number | undefined
  statusCode: number
}

/**
 * A proxy between a command and a server: it counts what passes through, and stops it at a chosen point, so that something can
 * be killed right there. It passes the Host header on unchanged, since that is signed.
 */
export interface TransferProxy {
  origin: string
  answered: AnsweredRequest[]
  /** Bytes of bodies that were sent to the command. */
  fetchedBytes: number
  /** Resolves once this many PUTs have succeeded and another has arrived, which waits until `release`, like all others. */
  holdPuts: (after: number) => Promise<void>
  /** Resolves once this many bytes have been sent to the command; the rest waits until `release`. */
  holdBodies: (afterBytes: number) => Promise<void>
  /** Breaks the connection once this many bytes have been sent to the command. */
  cutBodies: (afterBytes: number) => void
  /** Resolves when a request for a path with this ending arrives, before it is passed on and once `seen` has resolved. */
  beforeNext: (path: string, seen: () => Promise<void>) => Promise<void>
  /** Resolves once the server has carried out a PUT, whose answer waits until `release`. */
  holdPutAnswer: () => Promise<void>
  release: () => void
  /** Drops the answers to this many PUTs, which the server has carried out. */
  losePutAnswers: (count: number) => void
}

/** Starts a proxy in front of a server; it is closed with the test. */
export async function startTransferProxy (t: Pick<Test, 'teardown'>, upstream: string): Promise<TransferProxy> {
  const { hostname, port } = new URL(upstream)
  let holdPutsAfter = Infinity
  let holdBytesAfter = Infinity
  let cutBytesAfter = Infinity
  let reached = () => {}
  let carriedOut: (() => void) | undefined
  let lost = 0
  let putCount = 0
  let watched: { path: string, seen: () => Promise<void> } | undefined
  const released = new EventEmitter()

  const proxy: TransferProxy = {
    origin: '',
    answered: [],
    fetchedBytes: 0,
    holdPuts: (after) => new Promise((resolve) => {
      holdPutsAfter = putCount + after
      reached = resolve
    }),
    holdBodies: (afterBytes) => new Promise((resolve) => {
      holdBytesAfter = proxy.fetchedBytes + afterBytes
      reached = resolve
    }),
    cutBodies: (afterBytes) => { cutBytesAfter = proxy.fetchedBytes + afterBytes },
    beforeNext: (path, seen) => new Promise((resolve, reject) => {
      watched = { path, seen: async () => await seen().then(resolve, reject) }
    }),
    holdPutAnswer: () => new Promise((resolve) => { carriedOut = resolve }),
    release: () => {
      holdPutsAfter = holdBytesAfter = Infinity
      released.emit('released')
    },
    losePutAnswers: (count) => { lost = count },
  }

  const handle = async (message: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', rawHeaders: headers } = message
    const { pathname, searchParams } = new URL(url, upstream)
    if (watched !== undefined && pathname.endsWith(watched.path)) {
      const { seen } = watched
      watched = undefined
      await seen()
    }
    if (method === 'PUT' && putCount >= holdPutsAfter) {
      reached()
      await once(released, 'released')
      // The command was killed meanwhile.
      if (response.closed) return
    }
    const outgoing = request({ hostname, port, method, path: url, headers, setHost: false, agent: false })
    response.once('close', () => { outgoing.destroy() })
    message.pipe(outgoing)
    const [answer]: IncomingMessage[] = await once(outgoing, 'response')
    if (answer === undefined) return
    const statusCode = answer.statusCode ?? 502
    if (method === 'PUT' && statusCode === 200) putCount++
    const partNumber = searchParams.get('partNumber')
    const ofPart = partNumber === null ? undefined : Number(partNumber)
    proxy.answered.push({ method, path: pathname, partNumber: ofPart, statusCode })
    if (method === 'PUT' && carriedOut !== undefined) {
      carriedOut()
      carriedOut = undefined
      await Promise.race([once(released, 'released'), once(response, 'close')])
    }
    if (method === 'PUT' && lost > 0) {
      lost--
      await answer.resume().toArray()
      response.socket?.resetAndDestroy()
      return
    }
    response.writeHead(statusCode, answer.rawHeaders)
    response.flushHeaders()
    for await (const chunk of answer) {
      proxy.fetchedBytes += chunk.length
      if (!response.write(chunk)) await writable(response)
      if (proxy.fetchedBytes >= cutBytesAfter) {
        cutBytesAfter = Infinity
        response.destroy()
        return
      }
      if (proxy.fetchedBytes < holdBytesAfter) continue
      reached()
      await Promise.race([once(released, 'released'), once(response, 'close')])
    }
    response.end()
  }
  proxy.origin = await listenLocally(t, createServer((message, response) => {
    // It rejects if the server or the command was killed.
    handle(message, response).catch(() => { response.socket?.destroy() })
  }))
  t.teardown(() => { proxy.release() })
  return proxy
}

/** Resolves once more can be written, or nobody reads any more. */
async function writable (response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => {
      response.off('drain', end).off('close', end)
      resolve()
    }
    response.on('drain', end).on('close', end)
  })
}
