import { isUtf8 } from 'node:buffer'

// In valid JSON a string in front of a colon is always the name of a member.
const stringToken = /"(?:[^"\\]|\\.)*"[\t\n\r ]*(:?)/g

/**
 * Reads a JSON object in UTF-8 (RFC 8259) whose members, at every depth, have different names: parsers disagree which of two
 * members with the same name counts (RFC 7515, 4 and RFC 7519, 4 allow refusing them).
 *
 * @returns undefined if the bytes are anything else
 */
export function readJsonObject (bytes: Buffer): Record<string, unknown> | undefined {
  if (!isUtf8(bytes)) return undefined
  const text = bytes.toString()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isObject(value) || Array.isArray(value)) return undefined
  // What is written without blanks, as most is, is compared in a fraction of the time: a name that came twice would be missing.
  return JSON.stringify(value) === text || writtenNames(text) === memberCount(value) ? value : undefined
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function writtenNames (text: string): number {
  let names = 0
  for (const [, colon] of text.matchAll(stringToken)) if (colon === ':') names++
  return names
}

function memberCount (value: unknown): number {
  if (!isObject(value)) return 0
  const members = Object.values(value)
  return members.reduce<number>((sum, member) => sum + memberCount(member), Array.isArray(value) ? 0 : members.length)
}
