// RFC 9110, sections 5.6.2, 5.6.4 and 8.3.1. The pattern has only one place for each blank, so that a header full of them takes
// linear time.
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const QUOTED_STRING = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"'
const PARAMETER = `(${TOKEN})=(${TOKEN}|${QUOTED_STRING})`
const mediaType = new RegExp(`^[ \\t]*(${TOKEN}/${TOKEN})((?:[ \\t]*;(?:[ \\t]*${PARAMETER})?)*)[ \\t]*$`)
const everyParameter = new RegExp(PARAMETER, 'g')

export interface MediaType {
  /** Type and subtype in lower case, without parameters: `text/html`. */
  essence: string
  /** In the order written, names in lower case. Quoted values are unquoted. */
  parameters: Array<{ name: string, value: string }>
}

/**
 * Reads a media type, or a media range of an Accept header, strictly by the grammar of RFC 9110, section 8.3.1.
 *
 * Strict where the content-type package is lenient, because what is shown inline depends on it: a value that we and a browser
 * could read differently (`text/plain, text/html`) must not pass as the harmless one.
 *
 * @returns undefined if the text breaks the grammar
 */
export function parseMediaType (text: string): MediaType | undefined {
  const match = mediaType.exec(text)
  const [, essence, parameters] = match ?? []
  if (essence === undefined || parameters === undefined) return undefined
  return {
    essence: essence.toLowerCase(),
    parameters: Array.from(parameters.matchAll(everyParameter), ([, name = '', value = '']) => (
      { name: name.toLowerCase(), value: unquote(value) }
    )),
  }
}

function unquote (value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value
}
