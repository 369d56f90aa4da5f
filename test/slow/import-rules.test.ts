import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ESLint } from 'eslint'
import t from 'tap'
import { rooms, roots } from '../../eslint.rooms.js'

// The sources, not what they are compiled to.
const cwd = process.cwd()
const importRules = [
  'import-x/no-cycle', 'import-x/no-restricted-paths', 'no-restricted-imports', 'no-restricted-syntax',
]
const eslint = new ESLint({ cwd, ruleFilter: ({ ruleId }) => importRules.includes(ruleId) })

/** The rules that refuse a line of code in a file. */
async function refusals (filePath: string, line: string): Promise<Array<string | null>> {
  const results = await eslint.lintText(`${line}\n`, { filePath: join(cwd, filePath) })
  return results.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId))
}

t.test('an import out of a room\'s reach is refused', async (t) => {
  for (const [what, filePath, line] of [
    ['a room above', 'objects/planted.ts', "import { errorCodes } from '../schemas/errors.js'"],
    ['a room beside', 'http/planted.ts', "import { parseObjectKey } from '../objects/object-key.js'"],
    ['a type of a room above', 'store/planted.ts', "import type { DatabaseHandle } from '../db/connection/tables.js'"],
    ['a room above that a folder of the same name hides', 'db/usage/planted.ts', "import { mergeListings } from '../../reconcile/merge-listings.js'"],
    ['what is passed on from a room above', 'db/planted.ts', "export { errorCodes } from '../schemas/errors.js'"],
    ['a room above, when it is needed', 'events/planted.ts', "export const later = () => import('../db/purge.js')"],
    ['a plugin from a route', 'routes/planted.ts', "import configuration from '../plugins/config.js'"],
    ['the configuration from a route', 'routes/planted.ts', "import type { Config } from '../config.js'"],
    ['the configuration from a domain room', 'downloads/planted.ts', "import { loadConfig } from '../config.js'"],
    ['the application from a plugin', 'plugins/planted.ts', "import { build } from '../app.js'"],
    ['the logger from a domain room', 'store/planted.ts', "import { loggerOptions } from '../logging.js'"],
    ['the server from a command', 'commands/planted.ts', "import '../server.js'"],
    ['a test\'s helper', 'plugins/planted.ts', "import { freePort } from '../test/support/free-port.js'"],
    ['a plugin from a plugin', 'plugins/http/planted.ts', "import configuration from '../config.js'"],
    ['a plugin from its own folder', 'plugins/http/planted.ts', "import cors from './cors.js'"],
    ['a route from a route', 'routes/planted.ts', "import route from './metrics.js'"],
    ['the service from its page', 'page/state/planted.ts', "import { errorCodes } from '../../schemas/errors.js'"],
    ['what is shown from what it shows', 'page/state/planted.ts', "import { PlaceLink } from '../parts/place-link.js'"],
  ] as const) t.same(await refusals(filePath, line), ['import-x/no-restricted-paths'], what)
})

t.test('a package that does not belong into a room is refused', async (t) => {
  for (const [filePath, line] of [
    ['http/planted.ts', "import { request } from 'undici'"],
    ['objects/planted.ts', "import type { FastifyInstance } from 'fastify'"],
    ['events/planted.ts', "import { sql } from 'kysely'"],
    ['downloads/planted.ts', "import * as minio from 'minio'"],
    ['reconcile/planted.ts', "import type { Kysely } from 'kysely'"],
    ['reconcile/planted.ts', "import pg from 'pg'"],
    ['db/planted.ts', "import fastifyPlugin from 'fastify-plugin'"],
    ['routes/planted.ts', "import { sql } from 'kysely'"],
    ['schemas/planted.ts', "import errors from '@fastify/errors'"],
    ['store/planted.ts', "import { readFile } from 'fs'"],
    ['page/parts/planted.tsx', "import { useState } from 'react'"],
  ] as const) t.same(await refusals(filePath, line), ['no-restricted-imports'], line)
  t.same(await refusals('db/planted.ts', "export const later = () => import('fastify')"), ['no-restricted-syntax'])
})

t.test('the environment is refused but where processes start', async (t) => {
  for (const folder of ['objects', 'events', 'downloads', 'reconcile', 'db', 'plugins', 'routes']) {
    t.same(await refusals(`${folder}/planted.ts`, 'export const home = process.env.HOME'), ['no-restricted-syntax'], folder)
  }
  t.same(await refusals('commands/planted.ts', 'export const home = process.env.HOME'), [])
})

t.test('a circle of imports is refused', async (t) => {
  const line = "import { errorResponses } from './error-responses.js'\nexport const ErrorBodySchema = errorResponses"
  t.same(await refusals('schemas/errors.ts', line), ['import-x/no-cycle'])
})

t.test('an import within a room\'s reach passes', async (t) => {
  for (const [filePath, line] of [
    ['objects/planted.ts', "import { parseObjectKey } from './object-key.js'"],
    ['objects/planted.ts', "import { LRUCache } from 'lru-cache'"],
    ['objects/planted.ts', "import { randomBytes } from 'node:crypto'"],
    ['schemas/planted.ts', "import { UUID_PATTERN } from '../objects/object-key.js'"],
    ['identity/planted.ts', "import { Value } from '@sinclair/typebox/value'"],
    ['db/usage/planted.ts', "import { listCatalogue } from '../reconcile/catalogue-listing.js'"],
    ['reconcile/planted.ts', "import { purge } from '../db/purge.js'"],
    ['plugins/planted.ts', "import type { Config } from '../config.js'"],
    ['plugins/planted.ts', "import { sql } from 'kysely'"],
    ['plugins/order.ts', "import configuration from './config.js'"],
    ['plugins/openapi/document.ts', "import { shareComponents } from './shared-components.js'"],
    ['routes/planted.ts', "import type { FastifyRequest } from 'fastify'"],
    ['commands/planted.ts', "import { build } from '../app.js'"],
    ['app.ts', "import configuration from './plugins/config.js'"],
    ['test/planted.ts', "import { build } from '../app.js'"],
  ] as const) t.same(await refusals(filePath, line), [], `${filePath}: ${line}`)
})

t.test('every folder with code is a room or a root', async (t) => {
  const known = [...Object.keys(rooms), ...roots]
  const notCode = ['coverage', 'deploy', 'dist', 'docs', 'node_modules', 'test-output']
  const found = (await readdir(cwd, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() ? !entry.name.startsWith('.') && !notCode.includes(entry.name) : entry.name.endsWith('.ts'))
    .map(({ name }) => name)
  t.same(found.filter((name) => !known.includes(name)), [])
})
