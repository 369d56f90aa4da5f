import { isIP } from 'node:net'

const MAX_HOPS = 16
// Names for ranges of addresses, as in the proxy-addr package.
const RANGES = new Set(['loopback', 'linklocal', 'uniquelocal'])

/**
 * Whose `X-Forwarded-For` is trusted: a number of proxies that a request has last come through, or a list of addresses, CIDR
 * ranges and the names `loopback`, `linklocal` and `uniquelocal`, separated by commas.
 *
 * @returns the addresses, or a function that says whether the address at a given number of hops is trusted; undefined for
 *   anything else, including a range of all addresses, with which every client could choose its own address
 */
export function parseTrustedProxies (text: string): string[] | ((address: string, hop: number) => boolean) | undefined {
  if (/^\d+$/.test(text)) {
    const hops = Number(text)
    return hops >= 1 && hops <= MAX_HOPS ? (_address, hop) => hop < hops : undefined
  }
  const entries = text.split(',').map((entry) => entry.trim())
  return entries.every((entry) => RANGES.has(entry) || isAddressRange(entry)) ? entries : undefined
}

function isAddressRange (entry: string): boolean {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? []
  const version = isIP(address)
  return version !== 0 && (prefix === undefined || (Number(prefix) >= 1 && Number(prefix) <= (version === 4 ? 32 : 128)))
}
