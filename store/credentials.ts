import { ObjectStorageUnavailable } from './failures.js'

/** Credentials that sign requests to the object storage. Immutable: they are only ever replaced. */
export interface Credentials {
  readonly accessKey: string
  readonly secretKey: string
  /** A session's token, which the store verifies along with the signature; undefined for a user's own keys. */
  readonly sessionToken?: string | undefined
  /** When the store stops accepting them, in milliseconds since 1970; undefined if they have no known expiry. */
  readonly expiresAtMs?: number | undefined
}

/** Where credentials come from. Reading them is synchronous: anything fetched has been fetched before. */
export interface CredentialSource {
  /**
   * The credentials to sign with now: the same object for as long as they are unchanged. A URL signed with them can be valid
   * for at least a second.
   *
   * @throws {ObjectStorageUnavailable} if they have expired, and no others could be obtained
   */
  readonly current: Credentials
}

/** Credentials that are set explicitly, and may be replaced while requests are signed with them. */
export class FixedCredentials implements CredentialSource {
  /** A plain field, since it is read for every download. */
  current: Credentials

  constructor (credentials: Credentials) {
    this.current = credentials
  }
}

/** Whether two sets of credentials are identical. */
export function areSameCredentials (one: Credentials, other: Credentials): boolean {
  return one.accessKey === other.accessKey && one.secretKey === other.secretKey &&
    one.sessionToken === other.sessionToken && one.expiresAtMs === other.expiresAtMs
}

/**
 * For how long a URL signed at the given time is usable: for as long as is wanted, but not beyond its credentials' expiry,
 * after which the store refuses it whatever it says.
 *
 * @param signedAt in whole seconds, as in a signature
 * @returns seconds
 * @throws {ObjectStorageUnavailable} if that is less than one
 */
export function usableSeconds ({ expiresAtMs }: Credentials, signedAt: Date, wantedSeconds: number): number {
  if (expiresAtMs === undefined) return wantedSeconds
  const seconds = Math.min(wantedSeconds, Math.floor((expiresAtMs - signedAt.getTime()) / 1000))
  if (seconds < 1) throw new ObjectStorageUnavailable('The credentials for the object storage have ended.', 1)
  return seconds
}

/**
 * The life of a URL that is signed now, for as long as `usableSeconds` allows.
 *
 * @throws {ObjectStorageUnavailable} as `usableSeconds`
 */
export function urlLifeFromNow (
  credentials: Credentials, wantedSeconds: number,
): { signedAt: Date, expiresInSeconds: number, expiresAt: Date } {
  // In whole seconds, as the signature counts: the URL must not end before it says.
  const signedAt = new Date(Math.floor(Date.now() / 1000) * 1000)
  const expiresInSeconds = usableSeconds(credentials, signedAt, wantedSeconds)
  return { signedAt, expiresInSeconds, expiresAt: new Date(signedAt.getTime() + expiresInSeconds * 1000) }
}
