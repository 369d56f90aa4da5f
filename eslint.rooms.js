/*
 * The house: which rooms a room imports from besides itself, and which packages. Imports run one way, from the upper rooms to
 * the lower ones; what a room does not name is out of its reach, types too. Only what stands at the root, tests and
 * benchmarks import from everywhere.
 */
const typebox = '@sinclair/typebox'

/** @type {Record<string, { imports: string[], packages?: string[] }>} a room without `packages` imports any */
export const rooms = {
  // Standing alone; `errors` is for all.
  errors: { imports: [], packages: [] },
  sealing: { imports: [], packages: [] },
  objects: { imports: ['sealing'], packages: ['lru-cache'] },
  http: { imports: [], packages: ['content-disposition'] },
  identity: { imports: [], packages: [typebox, 'undici'] },
  config: { imports: [], packages: [typebox] },
  client: { imports: [], packages: ['openapi-fetch'] },
  'usage-page': { imports: [], packages: ['uplot'] },

  // What the service is about.
  schemas: { imports: ['objects', 'http'], packages: [typebox, '@fastify/error'] },
  store: { imports: ['errors', 'objects', 'http'], packages: ['cockatiel', 'undici'] },
  events: { imports: ['errors', 'objects', 'store'], packages: ['cockatiel', typebox] },
  downloads: { imports: ['objects', 'http', 'store'], packages: ['lru-cache'] },
  db: { imports: ['errors', 'objects', 'events'], packages: ['kysely', 'pg', 'cockatiel'] },
  reconcile: { imports: ['objects', 'store', 'events', 'db'], packages: [] },
  uploads: { imports: ['objects', 'http', 'store', 'events', 'db'], packages: ['cockatiel'] },
  embedded: {
    imports: ['errors', 'objects', 'http', 'store', 'schemas', 'client', 'db'],
    packages: ['@electric-sql/pglite', 'fast-xml-parser', 'kysely', typebox],
  },

  // What people and programs meet.
  plugins: {
    imports: [
      'errors', 'sealing', 'objects', 'http', 'identity', 'schemas', 'store', 'events', 'downloads', 'db', 'reconcile', 'uploads',
      'embedded', 'config.ts',
    ],
  },
  routes: {
    imports: ['errors', 'objects', 'http', 'schemas', 'store', 'events', 'downloads', 'db', 'reconcile'],
    packages: ['fastify', '@fastify/static', '@fastify/type-provider-typebox', 'cockatiel'],
  },
  startup: { imports: ['errors', 'db', 'embedded', 'config.ts'], packages: [] },
  doctor: { imports: ['errors', 'objects', 'http', 'identity', 'store', 'db'], packages: ['fastify'] },
  commands: {
    imports: [
      'errors', 'objects', 'schemas', 'store', 'db', 'reconcile', 'embedded', 'doctor', 'client', 'config', 'startup', 'app.ts',
      'config.ts',
    ],
    packages: ['@fastify/jwt', typebox, 'cli-progress', 'fastify'],
  },
}

/** Files and folders that are not rooms. */
export const roots = ['app.ts', 'config.ts', 'logging.ts', 'server.ts', 'bench', 'test']

/** Rooms whose files do not import one another, but for a file that sets them all up, and helpers of one folder. */
export const siblings = {
  plugins: { importer: 'order.ts', helpers: ['openapi/shared-components.ts', 'http/client-windows.ts'] },
  routes: { importer: undefined, helpers: [] },
}
