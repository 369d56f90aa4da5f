import { type Config } from '../config.js'
import { readAddress } from '../embedded/data-directory.js'

/** Where the service listens that was started with the same settings. */
export function addressOfService ({ DATA_DIR, HOST, PORT }: Config): string {
  const host = ['0.0.0.0', '::'].includes(HOST) ? '127.0.0.1' : HOST
  return readAddress(DATA_DIR) ?? `http://${host.includes(':') ? `[${host}]` : host}:${PORT}`
}
