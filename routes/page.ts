import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { addressBucket } from '../store/bucket-address.js'

/** What a relative link must begin with to lead below an address that may lack a trailing slash: for `/files`, `files/`. */
function nameBelow (url: string): string {
  const [path = ''] = url.split('?', 1)
  const name = path.slice(path.lastIndexOf('/') + 1)
  return name === '' ? '' : `${name}/`
}

/**
 * The page handles a token. It runs only its own scripts, creates no markup from text (W3C, Trusted Types), talks only to the
 * service and the storage, and shows stored files in frames without any rights.
 *
 * @param store the origin of the storage where browsers reach it; undefined if it is the service's own
 */
function pageHeaders (store: string | undefined) {
  const sources = store === undefined ? '\'self\'' : `'self' ${store}`
  return {
    'content-security-policy': [
      'default-src \'none\'', 'script-src \'self\'', 'style-src \'self\'', `img-src ${sources}`, `media-src ${sources}`,
      `frame-src ${sources}`, `connect-src ${sources}`, 'base-uri \'none\'', 'form-action \'none\'', 'frame-ancestors \'none\'',
      'require-trusted-types-for \'script\'', 'trusted-types \'none\'',
    ].join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-robots-tag': 'noindex',
  }
}

/**
 * The viewer of PDFs has no origin, even if someone opens it by itself, and no network: what is in a PDF can send nothing, and
 * reaches neither the page nor the token.
 */
const viewerHeaders = {
  'content-security-policy': [
    'default-src \'none\'', 'script-src \'self\'', 'style-src \'self\'', 'img-src data: blob:', 'base-uri \'none\'', 'form-action \'none\'',
    'frame-ancestors \'self\'', 'require-trusted-types-for \'script\'', 'trusted-types \'none\'', 'sandbox allow-scripts',
  ].join('; '),
}

/** From an address of the page to that of the service, without the last slash: `..` for `/app/links`. */
function wayToBase (url: string): string {
  const [path = ''] = url.split('?', 1)
  return path.split('/').slice(2).map(() => '..').join('/') || '.'
}

/**
 * Serves the page, at `/app` and every address below it: a document that is the same for everyone, since the page itself reads
 * figures and files from the API. Addresses in it are relative, so that it works below any path of a proxy.
 */
const route: FastifyPluginAsync = async (app) => {
  // Resolved from the package's root, so that the built server finds it too.
  const folder = dirname(createRequire(import.meta.url).resolve('#page/document.html'))
  const template = await readFile(join(folder, 'document.html'), 'utf8')
  const viewer = await readFile(join(folder, 'pdf-viewer.html'), 'utf8')
  const { S3_PUBLIC_ENDPOINT: publicEndpoint } = app.config
  const endpoint = publicEndpoint ?? (app.embeddedStore === undefined ? app.storeTarget.endpoint : undefined)
  const headers = pageHeaders(endpoint === undefined ? undefined : addressBucket({ ...app.storeTarget, endpoint }).origin)

  app.addHook('onRequest', ({ routeOptions: { url = '' } }, reply, done) => {
    reply.headers(headers)
    // Who has no origin may load only what everyone may.
    if (url.includes('/pdf-viewer-')) reply.header('cross-origin-resource-policy', 'cross-origin')
    done()
  })
  await app.register(fastifyStatic, {
    root: join(folder, 'assets'),
    prefix: '/app/assets/',
    // A route for each existing file, rather than one for any path.
    wildcard: false,
    index: false,
    // Their names change with their content.
    immutable: true,
    maxAge: '365d',
  })
  const schema = { hide: true }
  const sendDocument = (request: FastifyRequest, reply: FastifyReply, text: string) => {
    const document = text.replaceAll('BASE', wayToBase(request.url))
    const entityTag = `"${createHash('sha256').update(document).digest('base64url')}"`
    reply.headers({ 'cache-control': 'no-cache', etag: entityTag })
    if (request.headers['if-none-match'] === entityTag) return reply.code(304).send()
    return reply.type('text/html; charset=utf-8').send(document)
  }
  for (const url of ['/app', '/app/*']) app.get(url, { schema }, (request, reply) => sendDocument(request, reply, template))
  app.get('/app/pdf-viewer', { schema }, (request, reply) => sendDocument(request, reply.headers(viewerHeaders), viewer))
  // What people open first, and where the page used to be: a fragment survives a redirect. The links are relative, so that they
  // work under a proxy's prefix.
  app.get('/', { schema }, ({ originalUrl }, reply) => reply.redirect(`${nameBelow(originalUrl)}app`, 302))
  app.get('/usage', { schema }, (_request, reply) => reply.redirect('app', 308))
  app.get('/usage/', { schema }, (_request, reply) => reply.redirect('../app', 308))
}

export default route
