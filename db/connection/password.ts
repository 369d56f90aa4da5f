import { importOptional } from '../../errors/missing-package.js'
import { PasswordUnavailableError } from './availability.js'
import { DatabaseSettingError } from './encryption.js'

/** Returns the password for a connection that is about to be made. */
export type PasswordSource = () => string | Promise<string>

const DEFAULT_PORT = 5432
// As in database.cluster-x.eu-central-1.rds.amazonaws.com; for other hosts AWS_REGION names the region.
const regionInHost = /\.([a-z]{2,4}(?:-[a-z]+)+-\d)\.rds\.amazonaws\.com(?:\.cn)?$/

/**
 * Uses Amazon RDS tokens in place of a password ("IAM database authentication"), signed with this machine's credentials. A
 * token is good for making connections for 15 minutes, so every connection gets its own; signing takes no request unless the
 * machine's credentials have to be renewed. RDS accepts them only over TLS.
 *
 * @param url of the database, with its user
 * @throws {MissingPackageError}
 * @throws {DatabaseSettingError} if the URL names no host or no user
 */
export async function createRdsPassword (url: string): Promise<PasswordSource> {
  const { hostname, port, username } = new URL(url)
  if (hostname === '' || username === '') {
    throw new DatabaseSettingError('DATABASE_AUTH: aws-iam needs the user and the host in DATABASE_URL, which the token is signed for.')
  }
  const { Signer } = await importOptional('@aws-sdk/rds-signer', 'DATABASE_AUTH=aws-iam', () => import('@aws-sdk/rds-signer'))
  const region = regionInHost.exec(hostname)?.[1]
  const signer = new Signer({
    hostname,
    port: Number(port || DEFAULT_PORT),
    username: decodeURIComponent(username),
    ...region === undefined ? {} : { region },
  })
  return async () => {
    try {
      return await signer.getAuthToken()
    } catch (error) {
      // Its message may contain what a server or a command answered.
      throw new PasswordUnavailableError(`No token for the database could be signed (${error instanceof Error ? error.name : 'unknown'}).`)
    }
  }
}

/** The password in the URL of a database; undefined if it has none. */
export function passwordIn (url: string): string | undefined {
  // The parser does not accept a URL without a host, as used for a socket.
  const { password } = new URL(url.replace('@/', '@host/'))
  return password === '' ? undefined : decodeURIComponent(password)
}
