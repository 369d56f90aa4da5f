const namedCharacters = new Map([['amp', '&'], ['lt', '<'], ['gt', '>'], ['quot', '"'], ['apos', "'"]])

/**
 * The character that a reference stands for: one of the five predefined entities, or a code point (XML 1.0, 4.1 and 4.6),
 * including those that XML may not contain, since S3 writes references to such characters in keys.
 *
 * @param reference what is between `&` and `;`
 * @returns undefined if there is no such character
 */
export function resolveXmlReference (reference: string): string | undefined {
  const [, hexadecimal, decimal] = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(reference) ?? []
  if (hexadecimal === undefined && decimal === undefined) return namedCharacters.get(reference)
  const codePoint = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16)
  return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : undefined
}
