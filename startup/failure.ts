import { ConfigError } from '../config.js'
import { DatabaseRefusalError } from '../db/connection/availability.js'
import { DataDirectoryInUseError, DataDirectoryUnusableError } from '../embedded/data-directory.js'
import { SecretsUnreadableError } from '../embedded/secrets.js'
import { AddressUnusableError } from './address.js'
import { EnvironmentFileError } from './environment.js'

const foreseen = [
  AddressUnusableError, ConfigError, DataDirectoryInUseError, DataDirectoryUnusableError, DatabaseRefusalError,
  EnvironmentFileError, SecretsUnreadableError,
]

/**
 * Why the service, or a command with the service's parts, cannot start: in one line, which names the setting to change and
 * holds no secret. undefined for what nobody has foreseen.
 */
export function describeStartFailure (error: unknown): string | undefined {
  return error instanceof Error && foreseen.some((kind) => error instanceof kind) ? error.message : undefined
}
