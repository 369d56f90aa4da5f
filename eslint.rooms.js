/*
 * The rooms: which others each imports from, and which packages. Imports run one way, from the upper rooms to the lower ones; a
 * room cannot import anything that it does not name here, not even types. Only files at the root, tests and benchmarks import
 * from everywhere.
 */
const typebox = '@sinclair/typebox'

/** @type {Record<string, { imports: string[], packages?: string[] }>} a room without `packages` imports any */
export const rooms = {
  // Rooms on their own; any room may import `errors`.
  errors: { imports: [], packages: [] },
  sealing: { imports: [], packages: [] },
  objects: { imports: ['sealing'], packages: ['lru-cache'] },
  http: { imports: [], packages: ['content-disposition'] },
  identity: { imports: [], packages: [typebox, 'undici'] },
  config: { imports: [], packages: [typebox] },
  client: { imports: [], packages: ['openapi-fetch'] },
  page: { imports: ['client'], packages: ['@tanstack/virtual-core', '@uppy/core', '@uppy/utils', 'pdfjs-dist', 'preact', 'uplot'] },

  // What the service is about.
  schemas: { imports: ['objects', 'http'], packages: [typebox, '@fastify/error'] },
  store: { imports: ['errors', 'objects', 'http'], packages: ['@aws-sdk/credential-provider-node', 'cockatiel', 'undici'] },
  events: { imports: ['errors', 'objects', 'store'], packages: ['cockatiel', typebox] },
  queues: {
    imports: ['errors'],
    packages: ['@aws-sdk/client-sqs', '@nats-io/jetstream', '@nats-io/transport-node', 'amqplib', 'cockatiel'],
  },
  downloads: { imports: ['objects', 'http', 'store'], packages: ['lru-cache'] },
  archives: { imports: ['objects'], packages: [] },
  db: { imports: ['errors', 'objects', 'events'], packages: ['@aws-sdk/rds-signer', 'kysely', 'pg', 'cockatiel'] },
  reconcile: { imports: ['objects', 'store', 'events', 'db'], packages: ['cockatiel'] },
  uploads: { imports: ['sealing', 'objects', 'http', 'store', 'events', 'db'], packages: ['cockatiel'] },
  verify: { imports: ['objects', 'store', 'db', 'reconcile'], packages: [] },
  shares: { imports: ['sealing', 'objects', 'http'], packages: ['lru-cache'] },
  embedded: {
    imports: ['errors', 'objects', 'http', 'store', 'schemas', 'client', 'db'],
    packages: ['fast-xml-parser', 'kysely', typebox],
  },

  // What people and programs use.
  plugins: {
    imports: [
      'errors', 'sealing', 'objects', 'http', 'identity', 'schemas', 'store', 'events', 'queues', 'downloads', 'db', 'reconcile',
      'uploads', 'shares', 'archives', 'embedded', 'config.ts',
    ],
  },
  routes: {
    imports: ['errors', 'objects', 'http', 'schemas', 'store', 'events', 'downloads', 'db', 'reconcile', 'uploads', 'shares'],
    packages: ['fastify', '@fastify/static', '@fastify/type-provider-typebox', 'cockatiel'],
  },
  startup: { imports: ['errors', 'store', 'db', 'embedded', 'config.ts'], packages: [] },
  bucket: { imports: ['errors'], packages: ['minio'] },
  doctor: { imports: ['errors', 'objects', 'http', 'identity', 'store', 'db'], packages: ['fastify'] },
  transfer: { imports: ['errors', 'objects', 'client'], packages: ['cli-progress', 'cockatiel', 'content-disposition', 'mime', 'undici'] },
  commands: {
    imports: [
      'errors', 'objects', 'schemas', 'store', 'db', 'reconcile', 'uploads', 'verify', 'embedded', 'bucket', 'doctor', 'client', 'transfer',
      'config', 'startup',
      'app.ts', 'config.ts',
    ],
    packages: ['@fastify/jwt', typebox, 'cli-progress', 'fastify'],
  },
}

/** Inside the page: the rooms above each, from which it imports nothing. */
export const pageRoomsAbove = {
  'page/parts': ['page/places'],
  'page/state': ['page/places', 'page/parts'],
  'page/text': ['page/places', 'page/parts'],
}

/** Files and folders that are not rooms. */
export const roots = ['app.ts', 'config.ts', 'logging.ts', 'server.ts', 'bench', 'test']

/** Rooms whose files do not import one another, except a file that sets them all up, and helpers of one folder. */
export const siblings = {
  plugins: { importer: 'order.ts', helpers: ['openapi/shared-components.ts', 'http/client-windows.ts'] },
  routes: { importer: undefined, helpers: [] },
}
