import { parseMediaType } from './media-type.js'

const namesJson = /application\/json/i
// Commas inside quotes do not separate elements; a quote that is never closed runs to the end.
const everyElement = /(?:[^",]|"(?:[^"\\]|\\.)*"?)+/g
// RFC 9110, section 12.4.2: at most three digits after the point, at most 1.
const qvalue = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/

/**
 * Whether a client asks for JSON rather than for the file: its Accept header (RFC 9110, section 12.5.1) names
 * `application/json` itself, with a higher quality than anything else, including wildcards.
 *
 * Anything that shares JSON's quality is just as welcome: HTTP libraries list JSON beside `text/plain` and any type on every
 * request (axios, Angular, R's httr), whatever their user wants. Elements that break the grammar are skipped.
 */
export function prefersJson (accept: string | undefined): boolean {
  // A shortcut for nearly every download: its header need not be parsed.
  if (accept === undefined || !namesJson.test(accept)) return false
  const { named, others } = qualitiesOf(accept, 'application/json')
  return named > others
}

/** Whether a client wants a page for people at least as much as anything else, and says so by name, as browsers do. */
export function prefersHtml (accept: string | undefined): boolean {
  const { named, others } = qualitiesOf(accept ?? '', 'text/html')
  return named > 0 && named >= others
}

/** The highest qualities of a media type that is named itself, and of any other. */
function qualitiesOf (accept: string, essence: string): { named: number, others: number } {
  let named = 0
  let others = 0
  for (const element of accept.match(everyElement) ?? []) {
    const range = parseMediaType(element)
    const quality = range?.parameters.find(({ name }) => name === 'q')?.value ?? '1'
    if (range === undefined || !qvalue.test(quality)) continue
    if (range.essence === essence) named = Math.max(named, Number(quality))
    else others = Math.max(others, Number(quality))
  }
  return { named, others }
}
