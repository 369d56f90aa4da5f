const MAX_AGE_SECONDS = 365 * 24 * 3600

/**
 * For how many seconds browsers should reach the service by TLS alone (RFC 6797, 6.1.1); undefined where its public address is
 * not one of https, or is not known.
 */
export function strictTransportSeconds (publicUrl: string | undefined): number | undefined {
  return publicUrl?.startsWith('https:') === true ? MAX_AGE_SECONDS : undefined
}
