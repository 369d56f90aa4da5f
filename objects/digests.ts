/** The digests of files' bytes, and their lengths in bytes. */
export const digestBytes = { sha256: 32, md5: 16, crc32c: 4 } as const

export type DigestAlgorithm = keyof typeof digestBytes

export const digestAlgorithms: readonly DigestAlgorithm[] = ['sha256', 'md5', 'crc32c']

/** Digests of a file's bytes, in lower-case hexadecimal. */
export type Digests = Readonly<Partial<Record<DigestAlgorithm, string>>>

/** A stored digest of a file. */
export interface KeptDigest {
  algorithm: DigestAlgorithm
  value: string
  /**
   * Without quotes: the tag of the bytes for which it was verified; null for a claim by the client that requested the upload.
   */
  entityTag: string | null
  /** Whether the store has yet to be asked if it has checked this claim. */
  isConfirmable: boolean
}

/** What may be said about a file's bytes. */
export interface FileDigests {
  /** Digests that the store or `verify` has computed over the current bytes. */
  verified: Digests
  /** Digests that were claimed before the bytes arrived. */
  claimed: Digests
}

/** The pattern of a digest: hexadecimal, in either case. */
export function digestPattern (algorithm: DigestAlgorithm): string {
  return `^[0-9a-fA-F]{${2 * digestBytes[algorithm]}}$`
}

/**
 * What may be said about the bytes that have an entity tag. A digest that was verified for another tag belongs to bytes that
 * are gone. If a claimed MD5 equals the tag, the store has computed it: in most stores it is the tag of a file that was put
 * whole.
 *
 * @param kept undefined if that is not known
 * @param entityTag with or without quotes; undefined if the store has none
 * @param stored what the store itself says about these bytes
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
  // What `verify` has read takes precedence: if the store says otherwise, its bytes or its statement have changed.
  return { verified: { ...stored, ...verified }, claimed }
}

/** The digests that are present, in the order of their algorithms. */
export function listDigests (digests: Digests): Array<{ algorithm: DigestAlgorithm, value: string }> {
  return digestAlgorithms.flatMap((algorithm) => {
    const value = digests[algorithm]
    return value === undefined ? [] : [{ algorithm, value }]
  })
}

/** The digests in a file's JSON. A claim that has been verified is not repeated. */
export function describeDigests ({ verified, claimed }: FileDigests): Digests & { claimedSha256?: string } {
  const isOpen = claimed.sha256 !== undefined && claimed.sha256 !== verified.sha256
  return { ...verified, ...isOpen ? { claimedSha256: claimed.sha256 } : {} }
}
