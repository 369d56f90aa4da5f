import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ServerProcess, startServer } from '../child-process.js'
import type { Bench } from '../bench.js'

/** The built service in a process of its own. */
export interface ServiceProcess extends ServerProcess {
  eventsToken: string
  jwtSecret: string
}

/** A database where there is none: downloads need none, and the memory of the embedded one would blur what they take. */
export const NO_DATABASE = 'postgres://nobody@127.0.0.1:1/none'

// docs/production.md recommends it where the service streams, and only there: it costs memory.
const STREAMING_ENVIRONMENT = { MALLOC_TRIM_THRESHOLD_: '134217728' }

/** Starts the built service beside the benchmarks' store, with a folder of its own. */
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
    // All load comes from one address.
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

/** The URL that downloads a file from a service, or from one that answers like it. */
export function downloadUrl ({ origin }: ServerProcess, objectKey: string): string {
  return `${origin}/api/v1/objects/download?objectKey=${encodeURIComponent(objectKey)}`
}
