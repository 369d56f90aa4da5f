/**
 * Orders object keys as listings and the catalogue do: by their UTF-8 bytes. JavaScript's own order is that of UTF-16 code
 * units, which differs if a key has characters past U+FFFF.
 *
 * @returns a negative number, zero or a positive one, as `Buffer.compare` of the encoded keys would
 */
export function compareObjectKeys (one: string, other: string): number {
  if (one === other) return 0
  const length = Math.min(one.length, other.length)
  for (let index = 0; index < length; index++) {
    const [a, b] = [one.charCodeAt(index), other.charCodeAt(index)]
    if (a === b) continue
    // A surrogate is part of a character past U+FFFF, and so comes after every character that is one code unit.
    if (isSurrogate(a) !== isSurrogate(b)) return isSurrogate(a) ? 1 : -1
    return a - b
  }
  return one.length - other.length
}

/**
 * The first text that sorts after every key with a prefix.
 *
 * @returns undefined if there is none: for the empty prefix, and for one that consists only of U+10FFFF
 */
export function endOfPrefix (prefix: string): string | undefined {
  const characters = [...prefix]
  for (let last = characters.pop(); last !== undefined; last = characters.pop()) {
    const codePoint = last.codePointAt(0) ?? LAST_CODE_POINT
    if (codePoint === LAST_CODE_POINT) continue
    // Surrogates are not characters in their own right.
    return characters.join('') + String.fromCodePoint(codePoint === BEFORE_SURROGATES ? AFTER_SURROGATES : codePoint + 1)
  }
  return undefined
}

const LAST_CODE_POINT = 0x10ffff
const BEFORE_SURROGATES = 0xd7ff
const AFTER_SURROGATES = 0xe000

function isSurrogate (codeUnit: number): boolean {
  return codeUnit >= 0xd800 && codeUnit <= 0xdfff
}
