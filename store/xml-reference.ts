const namedCharacters = new Map([['amp', '&'], ['lt', '<'], ['gt', '>'], ['quot', '"'], ['apos', "'"]])

/**
 * The character that a reference stands for: one of the five predefined entities, or a code point (XML 1.0, 4.1 and 4.6),
 * one that XML may not hold as well, since S3 refers to such in keys.
 *
 * @param reference what stands between `&` and `;`
 * @returns undefined where there is no such character
 */
export function resolveXmlReference (reference: string): string | undefined {
  const [, hexadecimal, decimal] = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(reference) ?? []
  if (hexadecimal === undefined && decimal === undefined) return namedCharacters.get(reference)
  const codePoint = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16)
  return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : undefined
}
