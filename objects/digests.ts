/** What is computed over a file's bytes, and how long it is. */
export const digestBytes = { sha256: 32, md5: 16, crc32c: 4 } as const

export type DigestAlgorithm = keyof typeof digestBytes

export const digestAlgorithms: readonly DigestAlgorithm[] = ['sha256', 'md5', 'crc32c']

/** Digests of a file's bytes, in lower-case hexadecimal. */
export type Digests = Readonly<Partial<Record<DigestAlgorithm, string>>>

/** A digest that is kept of a file. */
export interface KeptDigest {
  algorithm: DigestAlgorithm
  value: string
  /** Without quotes: of the bytes that it was verified for; null for a claim by whoever asked for the upload. */
  entityTag: string | null
  /** Whether the store is yet to be asked if it has checked this claim. */
  isConfirmable: boolean
}

/** What may be said of a file's bytes. */
export interface FileDigests {
  /** What the store or `verify` has computed over the bytes that are there. */
  verified: Digests
  /** What they were said to be before they were there. */
  claimed: Digests
}

/** What a digest may be written as: hexadecimal, in either case. */
export function digestPattern (algorithm: DigestAlgorithm): string {
  return `^[0-9a-fA-F]{${2 * digestBytes[algorithm]}}$`
}

/**
 * What may be said of the bytes that have an entity tag. A digest that was verified for another tag is of bytes that are gone.
 * An MD5 that was claimed and is the tag was computed by the store: most have no other tag for a file that was put at once.
 *
 * @param kept undefined if that is not known
 * @param entityTag with or without quotes; undefined where the store has none
 * @param stored what the store itself says of these bytes
 */
export function digestsOf (
  kept: readonly KeptDigest[] | undefined, entityTag: string | undefined, stored: Digests = {},
): FileDigests {
  const tag = entityTag?.replaceAll('"', '')
  const verified: Partial<Record<DigestAlgorithm, string>> = {}
  const claimed: Partial<Record<DigestAlgorithm, string>> = {}
  for (const { algorithm, value, entityTag: ofTag } of kept ?? []) {
    if (ofTag === null) claimed[algorithm] = value
    else if (ofTag === tag) verified[algorithm] = value
  }
  if (claimed.md5 !== undefined && claimed.md5 === tag) verified.md5 = claimed.md5
  // What was read by `verify` stays: where the store says otherwise, its bytes or its word are not what they were.
  return { verified: { ...stored, ...verified }, claimed }
}

/** Digests in the order of their algorithms, of those that there are. */
export function listDigests (digests: Digests): Array<{ algorithm: DigestAlgorithm, value: string }> {
  return digestAlgorithms.flatMap((algorithm) => {
    const value = digests[algorithm]
    return value === undefined ? [] : [{ algorithm, value }]
  })
}

/** Of what may be said of a file, what its JSON says. A claim that was found true is not repeated. */
export function describeDigests ({ verified, claimed }: FileDigests): Digests & { claimedSha256?: string } {
  const isOpen = claimed.sha256 !== undefined && claimed.sha256 !== verified.sha256
  return { ...verified, ...isOpen ? { claimedSha256: claimed.sha256 } : {} }
}
