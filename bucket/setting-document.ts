/** A bucket's setting in S3's form: an XML document of rules, some of which may belong to others. */
export interface SettingDocument {
  /** Name of the root element, such as `CORSConfiguration`. */
  root: string
  /** Names of the elements that are rules. */
  rules: readonly string[]
}

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/**
 * Puts a rule into a document in place of those that are already ours; everything else is kept verbatim.
 *
 * @param text the current document; undefined if there is none
 * @param rule one rule as XML
 * @param isOurs decides by a rule's XML whether it is to be replaced
 * @returns the new document; undefined if the current one already says all that
 */
export function withRule (
  { root, rules }: SettingDocument, text: string | undefined, rule: string, isOurs: (rule: string) => boolean,
): string | undefined {
  const content = text === undefined ? '' : contentOf(root, text)
  const ours: string[] = []
  const others = content.replace(new RegExp(`<(${rules.join('|')})>.*?</\\1>`, 'gs'), (found) => {
    if (!isOurs(found)) return found
    ours.push(found)
    return ''
  })
  const [first] = ours
  if (ours.length === 1 && first !== undefined && saysTheSame(first, rule)) return undefined
  return `<${root} xmlns="${NAMESPACE}">${others}${rule}</${root}>`
}

/** Escapes text for use as the content of an element. */
export function escapeXml (text: string): string {
  return text.replace(/[<>&]/g, (character) => `&#${character.charCodeAt(0)};`)
}

function contentOf (root: string, text: string): string {
  return new RegExp(`<${root}(?:\\s[^>]*)?>(.*)</${root}>`, 's').exec(text)?.[1] ?? ''
}

/** Compares what the innermost elements hold: stores reorder elements, and leave out empty ones, as they please. */
function saysTheSame (one: string, other: string): boolean {
  return leavesOf(one).join('\n') === leavesOf(other).join('\n')
}

function leavesOf (rule: string): string[] {
  return [...rule.matchAll(/<(\w+)>([^<]+)<\/\1>/g)].map(([, name, text]) => `${name} ${text?.trim()}`).sort()
}
