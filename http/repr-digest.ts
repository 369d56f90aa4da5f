/** The names of algorithms in RFC 9530's registry ("Hash Algorithms for HTTP Digest Fields"). */
const names = { sha256: 'sha-256', md5: 'md5', crc32c: 'crc32c' } as const

/**
 * A Repr-Digest field: the digests of a representation as a Dictionary of Byte Sequences (RFC 9530, 3; RFC 8941, 3.2 and
 * 3.3.5). It describes the whole file, even if only a range of it is sent.
 *
 * @param digests in hexadecimal
 * @returns undefined if there are none
 */
export function formatReprDigest (digests: Readonly<Partial<Record<keyof typeof names, string>>>): string | undefined {
  const members = (['sha256', 'md5', 'crc32c'] as const).flatMap((algorithm) => {
    const value = digests[algorithm]
    return value === undefined ? [] : [`${names[algorithm]}=:${Buffer.from(value, 'hex').toString('base64')}:`]
  })
  return members.length === 0 ? undefined : members.join(', ')
}
