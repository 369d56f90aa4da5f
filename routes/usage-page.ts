import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'

// Both are resolved from the package's root, so that the built server finds them too.
const { resolve } = createRequire(import.meta.url)
const pageDirectory = dirname(resolve('#usage-page/page.html'))
const chartDirectory = dirname(resolve('uplot/dist/uPlot.min.css'))

/**
 * The page handles a token. It runs only its own scripts, creates no markup from text (W3C, Trusted Types), and talks to the
 * service alone.
 */
const pageHeaders = {
  'content-security-policy': [
    'default-src \'none\'', 'script-src \'self\'', 'style-src \'self\'', 'img-src \'self\'', 'connect-src \'self\'',
    'base-uri \'none\'', 'form-action \'none\'', 'frame-ancestors \'none\'',
    'require-trusted-types-for \'script\'', 'trusted-types \'none\'',
  ].join('; '),
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
}

/** What a relative link must begin with to lead below an address that may lack a trailing slash: for `/files`, `files/`. */
function nameBelow (url: string): string {
  const [path = ''] = url.split('?', 1)
  const name = path.slice(path.lastIndexOf('/') + 1)
  return name === '' ? '' : `${name}/`
}

/** Serves the usage page: files that are the same for everyone, since the page itself fetches the figures from the API. */
const route: FastifyPluginAsync = async (app) => {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(pageHeaders)
    done()
  })
  await app.register(fastifyStatic, {
    root: pageDirectory,
    prefix: '/usage/',
    // A route for each existing file, rather than one for any path.
    wildcard: false,
    index: false,
    globIgnore: ['page.html'],
    // Names stay the same across releases, so browsers ask each time whether the file has changed.
    cacheControl: false,
    setHeaders: (reply) => { reply.setHeader('cache-control', 'no-cache') },
  })
  const schema = { hide: true }
  app.get('/usage', { schema }, (_request, reply) => reply.sendFile('page.html'))
  app.get('/usage/uplot.js', { schema }, (_request, reply) => reply.sendFile('uPlot.iife.min.js', chartDirectory))
  app.get('/usage/uplot.css', { schema }, (_request, reply) => reply.sendFile('uPlot.min.css', chartDirectory))
  // What people open first. The link is relative, so that it works under a proxy's prefix.
  app.get('/', { schema }, ({ originalUrl }, reply) => reply.redirect(`${nameBelow(originalUrl)}usage`, 302))
  app.get('/usage/', { schema }, (_request, reply) => reply.redirect('../usage', 308))
}

export default route
