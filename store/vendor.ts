/**
 * Whether an endpoint is Amazon S3's own: its service endpoints, access points and VPC endpoints all end like this (AWS General
 * Reference, "Amazon S3 endpoints and quotas").
 */
export function isAmazonEndpoint (endpoint: string): boolean {
  return /(^|\.)amazonaws\.com(\.cn)?\.?$/.test(new URL(endpoint).hostname)
}

/** Hosts of vendors that refuse a bucket in the path, according to their manuals, under "Compatibility with Amazon S3". */
const refusingPaths = [
  // Alibaba Cloud OSS answers SecondLevelDomainForbidden.
  /(^|\.)aliyuncs\.com\.?$/,
  // Tencent COS, for buckets made since 2024 ("Bucket Domain Name Usage Security Management Notice").
  /(^|\.)myqcloud\.com\.?$/,
  // Volcengine and BytePlus TOS, each with a separate name for its internal network.
  /(^|\.)i?(volces|bytepluses)\.com\.?$/,
]

/**
 * Whether an endpoint's vendor documents that a bucket's name goes in front of the host. Amazon S3 prefers that (User Guide,
 * "Virtual hosting of general purpose buckets"), except for VPC endpoints, whose own names are there.
 */
export function takesVirtualHosts (endpoint: string): boolean {
  const { hostname } = new URL(endpoint)
  if (isAmazonEndpoint(endpoint)) return !/\.vpce\.amazonaws\.com/.test(hostname)
  return refusingPaths.some((host) => host.test(hostname))
}
