import { isIP } from 'node:net'
import { encodePath } from '../http/percent-encoding.js'
import { takesVirtualHosts } from './vendor.js'

/**
 * Where requests name the bucket: in the path, or in the host name in front of the endpoint's. `auto` follows the documentation
 * of the endpoint's vendor.
 */
type Addressing = 'path' | 'virtual-host' | 'auto'

/** Where the objects of a service are. */
export interface BucketPlace {
  /** Scheme, host and port, and possibly a path, at which the store is reached. */
  endpoint: string
  bucket: string
  /** By default `path`. */
  addressing?: Addressing
  /** The prefix of all the service's keys in the bucket, which no other keys have; by default empty. */
  keyPrefix?: string
}

/** Where a bucket's objects are reached. A signature covers the host and the path. */
export interface BucketAddress {
  origin: string
  host: string
  /** Whether the host names the bucket. */
  isInHost: boolean
  /** The endpoint's own path, without a trailing slash. */
  basePath: string
  /** The path of the bucket itself, encoded. */
  bucketPath: string
  /** The beginning of every object's path, encoded, up to its key. */
  objectPath: string
}

/** Where the objects of a service are reached. The endpoint's path is part of every path, as in the AWS SDKs. */
export function addressBucket ({ endpoint, bucket, addressing = 'path', keyPrefix = '' }: BucketPlace): BucketAddress {
  const { protocol, host: endpointHost, pathname } = new URL(endpoint)
  const basePath = pathname.replace(/\/+$/, '')
  const isInHost = namesBucketInHost(endpoint, bucket, addressing)
  const host = isInHost ? `${bucket}.${endpointHost}` : endpointHost
  const root = isInHost ? `${basePath}/` : `${basePath}/${bucket}/`
  return {
    origin: `${protocol}//${host}`,
    host,
    isInHost,
    basePath,
    bucketPath: isInHost ? root : root.slice(0, -1),
    objectPath: `${root}${encodePath(keyPrefix)}`,
  }
}

/**
 * Whether the bucket's name goes in front of the endpoint's host. With `auto` it does so only for vendors that document this,
 * and not where TLS would fail: a vendor's certificate covers a single label in front of its host, without dots.
 */
function namesBucketInHost (endpoint: string, bucket: string, addressing: Addressing): boolean {
  if (addressing !== 'auto') return addressing === 'virtual-host'
  return takesVirtualHosts(endpoint) && !(endpoint.startsWith('https:') && bucket.includes('.'))
}

/** Whether a bucket's name can go in front of the endpoint's host, which it cannot if that is an IP address. */
export function canTakeNames (endpoint: string): boolean {
  return isIP(new URL(endpoint).hostname.replace(/^\[|\]$/g, '')) === 0
}
