/**
 * Whether an endpoint is Amazon S3's own: its service endpoints, access points and VPC endpoints all end so (AWS General
 * Reference, "Amazon S3 endpoints and quotas").
 */
export function isAmazonEndpoint (endpoint: string): boolean {
  return /(^|\.)amazonaws\.com(\.cn)?\.?$/.test(new URL(endpoint).hostname)
}
