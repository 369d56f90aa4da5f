import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ServerProcess, startServer } from '../child-process.js'
import type { Bench } from '../bench.js'

/** The built service in its own process. */
export interface ServiceProcess extends ServerProcess {
  eventsToken: string
  jwtSecret: string
}

/** A URL without a database behind it: downloads need none, and an embedded one would blur their memory use. */
export const NO_DATABASE = 'postgres://nobody@127.0.0.1:1/none'

// docs/production.md recommends it only where the service streams, since it costs memory.
const STREAMING_ENVIRONMENT = { MALLOC_TRIM_THRESHOLD_: '134217728' }

/** Starts the built service with the benchmarks' store and a folder of its own. */
export async function startService (
  { store }: Pick<Bench, 'store'>, environment: Record<string, string>, nodeOptions: string[] = [],
): Promise<ServiceProcess> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'objects-storage-bench-'))
  const [eventsToken, jwtSecret] = [randomUUID(), randomUUID()]
  const server = await startServer([...nodeOptions, 'dist/server.js'], {
    ...store.environment,
    PORT: '0',
    HOST: '127.0.0.1',
    DATA_DIR: dataDirectory,
    EVENTS_TOKEN: eventsToken,
    JWT_SECRET: jwtSecret,
    // All load comes from a single address.
    DOWNLOAD_MISS_LIMIT: '0',
    ...environment.DOWNLOAD_MODE === 'stream' ? STREAMING_ENVIRONMENT : {},
    ...environment,
  })
  return {
    ...server,
    eventsToken,
    jwtSecret,
    stop: async () => {
      await server.stop()
      await rm(dataDirectory, { recursive: true, force: true })
    },
  }
}

/** The URL that downloads a file from a service, or from a program that answers like one. */
export function downloadUrl ({ origin }: ServerProcess, objectKey: string): string {
  return `${origin}/api/v1/objects/download?objectKey=${encodeURIComponent(objectKey)}`
}
