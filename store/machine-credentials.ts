import { describeAwsFailure } from '../errors/aws-failure.js'
import { importOptional } from '../errors/missing-package.js'
import type { Credentials } from './credentials.js'
import { CredentialsUnavailable } from './failures.js'
import { SessionCredentials, type SessionCredentialsOptions } from './session-credentials.js'

/** The AWS SDK's names for how it found credentials, the most specific first, with the names that people use for them. */
const origins = [
  ['CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN', 'a web identity (AWS_WEB_IDENTITY_TOKEN_FILE)'],
  ['CREDENTIALS_STS_ASSUME_ROLE', 'a role that the profile assumes'],
  ['CREDENTIALS_SSO', 'single sign-on'],
  ['CREDENTIALS_HTTP', 'the container (AWS_CONTAINER_CREDENTIALS_…)'],
  ['CREDENTIALS_PROCESS', 'the process that the profile names'],
  ['CREDENTIALS_PROFILE', 'the shared files (AWS_PROFILE)'],
  ['CREDENTIALS_ENV_VARS', 'the environment (AWS_ACCESS_KEY_ID)'],
] as const
/** The SDK has no such name for this one. */
const METADATA_ORIGIN = 'the instance\'s metadata'

/** Where the SDK looks, in its order. */
const PLACES = 'the environment (AWS_ACCESS_KEY_ID), shared files (AWS_PROFILE), a web identity (AWS_WEB_IDENTITY_TOKEN_FILE), the ' +
  `container (AWS_CONTAINER_CREDENTIALS_…), ${METADATA_ORIGIN}`

// For metadata and container requests: the library's one second is less than a busy process may need to read an answer.
const REQUEST_TIMEOUT_MS = 4_000

export interface MachineCredentialsOptions extends Pick<SessionCredentialsOptions, 'startTimeoutMs'> {
  /** Called with why credentials could not be renewed; the error contains nothing of what was answered. */
  onFailure: (error: Error) => void
}

/** Credentials that this machine has without any configuration, and where they come from. */
export interface MachineCredentials {
  source: SessionCredentials
  /** Where the newest credentials came from, in words that people know. */
  origin: () => string
}

/**
 * Obtains this machine's credentials by AWS's own chain: environment, shared files, web identity, container (ECS, EKS pod
 * identity), instance metadata (IMDSv2).
 *
 * @throws {MissingPackageError}
 * @throws {CredentialsUnavailable} if there are none in time; its message says where they were looked for
 */
export async function openMachineCredentials (options: MachineCredentialsOptions): Promise<MachineCredentials> {
  const { onFailure, startTimeoutMs } = options
  const { defaultProvider } = await importOptional(
    '@aws-sdk/credential-provider-node', 'S3_ENDPOINT without S3_ACCESS_KEY', () => import('@aws-sdk/credential-provider-node'))
  const ask = defaultProvider({ ignoreCache: true, timeout: REQUEST_TIMEOUT_MS })
  let origin = METADATA_ORIGIN
  let failure = 'none'
  const fetch = async (): Promise<Credentials> => {
    // Otherwise the SDK returns those that it has until they expire, and does not report that it could not get new ones.
    const { accessKeyId, secretAccessKey, sessionToken, expiration, ...rest } = await ask({ forceRefresh: true })
    origin = originOf(rest)
    return { accessKey: accessKeyId, secretKey: secretAccessKey, sessionToken, expiresAtMs: expiration?.getTime() }
  }
  try {
    const source = await SessionCredentials.open({
      fetch,
      onFailure: (error) => {
        failure = describeAwsFailure(error)
        onFailure(new Error(`The credentials could not be fetched: ${failure}.`))
      },
      ...startTimeoutMs === undefined ? {} : { startTimeoutMs },
    })
    return { source, origin: () => origin }
  } catch (error) {
    if (!(error instanceof CredentialsUnavailable)) throw error
    throw new CredentialsUnavailable(error.timeoutMs, `: tried ${PLACES}. The last failure was ${failure}`)
  }
}

function originOf (credentials: object): string {
  const features: unknown = '$source' in credentials ? credentials.$source : undefined
  if (typeof features !== 'object' || features === null) return METADATA_ORIGIN
  return origins.find(([feature]) => feature in features)?.[1] ?? METADATA_ORIGIN
}
