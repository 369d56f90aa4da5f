import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPackage } from '../../embedded/postgres/package.js'
import { PostgresServer } from '../../embedded/postgres/server.js'
import { createEmbeddedDirectory, testSettings } from './embedded-template.js'

let starting: Promise<string> | undefined
let ownUrl: string | undefined

/** Why there can be no embedded PostgreSQL server here; false if there can. */
export const withoutEmbeddedServer = reasonWithout()

/** The URL of a PostgreSQL server for all tests of this process, which ends with it. It starts with the first call. */
export async function embeddedServerUrl (): Promise<string> {
  starting ??= start()
  return await starting
}

/** Whether a URL is that of `embeddedServerUrl`. */
export function isEmbeddedServer (url: string): boolean {
  return url === ownUrl
}

async function start (): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-test-'))
  const directory = join(folder, 'database')
  await createEmbeddedDirectory(directory)
  // Poolers and gateways that tests put before it need a port.
  const server = new PostgresServer(directory, { hasPort: true, settings: { ...testSettings, max_connections: '200' } })
  ownUrl = await server.start()
  process.once('beforeExit', () => {
    server.stop().then(async () => { await rm(folder, { recursive: true, force: true }) }, (error: unknown) => { throw error })
  })
  return ownUrl
}

function reasonWithout (): string | false {
  try {
    findPackage()
    return false
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
