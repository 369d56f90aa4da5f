import { parseMediaType } from './media-type.js'

const namesJson = /application\/json/i
// Commas inside quotes do not part elements; a quote that is never closed runs to the end.
const everyElement = /(?:[^",]|"(?:[^"\\]|\\.)*"?)+/g
// RFC 9110, section 12.4.2: at most three digits after the point, at most 1.
const qvalue = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/

/**
 * Whether a client asks for JSON rather than for the file: its Accept header (RFC 9110, section 12.5.1) names
 * `application/json` itself, with a higher quality than anything else, wildcards among it.
 *
 * What JSON shares its rank with is as welcome: HTTP libraries name it beside `text/plain` and any type on every request
 * (axios, Angular, R's httr), whatever their user wants. Elements that break the grammar are passed over.
 */
export function prefersJson (accept: string | undefined): boolean {
  // So it is for nearly every download: its header need not be taken apart.
  if (accept === undefined || !namesJson.test(accept)) return false
  let jsonQuality = 0
  let otherQuality = 0
  for (const element of accept.match(everyElement) ?? []) {
    const range = parseMediaType(element)
    const quality = range?.parameters.find(({ name }) => name === 'q')?.value ?? '1'
    if (range === undefined || !qvalue.test(quality)) continue
    if (range.essence === 'application/json') jsonQuality = Math.max(jsonQuality, Number(quality))
    else otherQuality = Math.max(otherQuality, Number(quality))
  }
  return jsonQuality > otherQuality
}
