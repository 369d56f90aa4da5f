import { BlockList, isIP } from 'node:net'

/** The proxies that requests go through, in the environment variables common to all programs. */
export interface ProxySettings {
  HTTPS_PROXY?: string | undefined
  HTTP_PROXY?: string | undefined
  NO_PROXY?: string | undefined
}

/**
 * The proxy for requests to an address; undefined if they go there directly. `NO_PROXY` is a list as curl documents it (in
 * "Environment variables" of its manual): a name matches itself and all its subdomains, addresses may be a CIDR range, and `*`
 * is everything. Each may have a port. This machine itself is never reached through a proxy.
 */
export function proxyFor (address: string, { HTTPS_PROXY, HTTP_PROXY, NO_PROXY = '' }: ProxySettings): string | undefined {
  const { protocol, hostname, port } = new URL(address)
  const proxy = protocol === 'https:' ? HTTPS_PROXY : HTTP_PROXY
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (proxy === undefined || isOwn(host)) return undefined
  const usualPort = port || (protocol === 'https:' ? '443' : '80')
  const isExempt = NO_PROXY.split(/[\s,]+/).some((entry) => entry !== '' && matches(entry.toLowerCase(), host, usualPort))
  return isExempt ? undefined : proxy
}

function isOwn (host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

function matches (entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  if (isIP(host) !== 0) return matchesAddress(entry, host, port)
  const [, name = '', onlyPort = port] = /^(?:\*?\.)?(.*?)\.?(?::(\d+))?$/.exec(entry) ?? []
  return onlyPort === port && (host === name || host.endsWith(`.${name}`))
}

function matchesAddress (entry: string, host: string, port: string): boolean {
  // A bare IPv6 address ends with what looks like a port.
  const isBare = isIP(entry.split('/', 1)[0] ?? '') === 6
  const [, range = entry, onlyPort = port] = isBare ? [] : /^(.*?)(?::(\d+))?$/.exec(entry) ?? []
  const [address = '', length] = range.replace(/[[\]]/g, '').split('/')
  const version = isIP(address)
  const maxLength = version === 4 ? 32 : 128
  const prefixLength = Number(length ?? maxLength)
  if (onlyPort !== port || version === 0 || version !== isIP(host) || !(prefixLength <= maxLength)) return false
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const addresses = new BlockList()
  addresses.addSubnet(address, prefixLength, family)
  return addresses.check(host, family)
}
