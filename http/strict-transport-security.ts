import { pathOfAddress } from './base-path.js'

const MAX_AGE_SECONDS = 365 * 24 * 3600

/**
 * For how many seconds browsers should use only TLS for the service (RFC 6797, 6.1.1); undefined if its public address is
 * unknown, is not https, or has a path, in which case the host also serves others.
 */
export function strictTransportSeconds (publicUrl: string | undefined): number | undefined {
  return publicUrl?.startsWith('https:') === true && pathOfAddress(publicUrl) === '' ? MAX_AGE_SECONDS : undefined
}
