import { type Config, ConfigError } from '../config.js'
import { readAddress } from '../embedded/data-directory.js'
import { socketPathOf } from '../startup/address.js'

/** Where the service that was started with the same settings listens. */
export function addressOfService (config: Config): string {
  const { DATA_DIR, HOST, PORT, PUBLIC_URL } = config
  if (socketPathOf(config) !== undefined) {
    if (PUBLIC_URL !== undefined) return PUBLIC_URL.replace(/\/+$/, '')
    throw new ConfigError('HOST is a Unix socket: give the address of the proxy in front of it with --url, or set PUBLIC_URL.')
  }
  const host = ['0.0.0.0', '::'].includes(HOST) ? '127.0.0.1' : HOST
  return readAddress(DATA_DIR) ?? `http://${host.includes(':') ? `[${host}]` : host}:${PORT}`
}
