/**
 * Decodes base64url without padding (RFC 7515, 2), strictly: Node also reads other alphabets, padding, blanks and unused bits
 * that are not zero, so that one value would have many spellings.
 *
 * @returns undefined unless the text is exactly what its bytes encode to
 */
export function decodeBase64url (text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}
