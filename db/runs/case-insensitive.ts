/**
 * A regular expression of PostgreSQL that finds a text in whatever case, letter by letter: `ilike` and `lower` know only the
 * letters of the database's locale, which may be `C`.
 */
export function caseInsensitivePattern (text: string): string {
  return [...text].map((character) => {
    const cases = new Set([character, character.toLowerCase(), character.toUpperCase()])
    // Some have two letters for their other case, as ß has.
    const letters = [...cases].filter((each) => [...each].length === 1)
    if (letters.length > 1) return `[${letters.join('')}]`
    return /[!-/:-@[-`{-~]/.test(character) ? `\\${character}` : character
  }).join('')
}
