import { isUtf8 } from 'node:buffer'
import type { onRequestHookHandler } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { InvalidRequestError, UnsupportedMediaTypeError } from '../../schemas/errors.js'

/**
 * Reads bodies: only JSON in UTF-8 (RFC 8259, 8.1). Bytes that are not UTF-8 are refused, since decoding them would store
 * U+FFFD in their place. An empty body counts as none, whatever its type: libraries send one with requests that have nothing to
 * say (axios, urllib, wrappers of fetch).
 */
export default fastifyPlugin(async (app) => {
  app.addHook('onRoute', (route) => {
    // Bodies for the embedded store must stay as they were signed.
    if (!route.url.startsWith('/api/') || [route.method].flat().every((method) => bodyless.has(method))) return
    const hooks = route.onRequest === undefined ? [] : [route.onRequest].flat()
    route.onRequest = [forgetTypeOfNoBody, ...hooks]
  })

  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    if (bytes.length === 0 || request.is404) done(null, undefined)
    else if (isUtf8(bytes)) parseJson(request, bytes.toString(), done)
    else done(new InvalidRequestError('The body is not UTF-8.'), undefined)
  })
  app.addContentTypeParser('*', ({ is404 }, payload, done) => {
    // It is more informative that there is no such route.
    if (is404) {
      done(null, undefined)
      return
    }
    // Whether a chunked body is empty is known only at its end.
    const finish = (error: Error | null) => {
      payload.off('data', refuse).off('end', accept).off('error', finish)
      done(error, undefined)
    }
    const refuse = () => { finish(new UnsupportedMediaTypeError()) }
    const accept = () => { finish(null) }
    payload.on('data', refuse).on('end', accept).on('error', finish)
  })
}, { name: 'bodies' })

const bodyless = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Ignores the type of an absent body, even if it is malformed: it is not a reason to refuse the request. */
const forgetTypeOfNoBody: onRequestHookHandler = ({ raw: { headers } }, _reply, done) => {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = headers
  if (length === '0' && coding === undefined) delete headers['content-type']
  done()
}
