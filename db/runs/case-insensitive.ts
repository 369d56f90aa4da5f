/**
 * A PostgreSQL regular expression that finds a text in any case, letter by letter: `ilike` and `lower` only know the letters of
 * the database's locale, which may be `C`.
 */
export function caseInsensitivePattern (text: string): string {
  return [...text].map((character) => {
    const cases = new Set([character, character.toLowerCase(), character.toUpperCase()])
    // For some letters the other case is two letters, as for ß.
    const letters = [...cases].filter((each) => [...each].length === 1)
    if (letters.length > 1) return `[${letters.join('')}]`
    return /[!-/:-@[-`{-~]/.test(character) ? `\\${character}` : character
  }).join('')
}
