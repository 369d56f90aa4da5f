import { ConfigError } from '../config.js'
import { DatabaseRefusalError } from '../db/connection/availability.js'
import { DatabaseSettingError } from '../db/connection/encryption.js'
import { DataDirectoryInUseError, DataDirectoryUnusableError } from '../embedded/data-directory.js'
import { EmbeddedDatabaseError } from '../embedded/postgres/failure.js'
import { SecretsUnreadableError } from '../embedded/secrets.js'
import { MissingPackageError } from '../errors/missing-package.js'
import { CredentialsUnavailable } from '../store/failures.js'
import { AddressUnusableError } from './address.js'
import { EnvironmentFileError } from './environment.js'

const foreseen = [
  AddressUnusableError, ConfigError, CredentialsUnavailable, DataDirectoryInUseError, DataDirectoryUnusableError,
  DatabaseRefusalError, DatabaseSettingError, EmbeddedDatabaseError, EnvironmentFileError, MissingPackageError,
  SecretsUnreadableError,
]

/**
 * Why the service, or a command with the service's parts, cannot start: in one line, which names the setting to change and
 * contains no secret. undefined for an unforeseen error.
 */
export function describeStartFailure (error: unknown): string | undefined {
  return error instanceof Error && foreseen.some((kind) => error instanceof kind) ? error.message : undefined
}
