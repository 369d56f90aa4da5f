import { ConfigSchema } from './settings.js'

/** Settings that many programs also read in lower case. */
export const lowerCaseSettings = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY']

const settings = Object.keys(ConfigSchema.properties)
/** From this length on, two letters may be wrong; in shorter names only one, since HOST and HOME differ by two. */
const LONG = 9

/** Finds variables that are not settings but look like misspelt ones. Their values are not looked at. */
export function misspeltSettings (environment: Record<string, string | undefined>): Array<{ name: string, meant: string }> {
  const isKnown = (name: string) => settings.includes(name) || lowerCaseSettings.includes(name.toUpperCase())
  return Object.keys(environment).filter((name) => !isKnown(name)).flatMap((name) => {
    const meant = settings.find((setting) => isAlike(name, setting))
    return meant === undefined ? [] : [{ name, meant }]
  })
}

function isAlike (name: string, setting: string): boolean {
  // Lower case is a mistake only if the name is not a word that other programs use too.
  const given = setting.includes('_') ? name.toUpperCase() : name
  const limit = setting.length >= LONG ? 2 : 1
  return Math.abs(given.length - setting.length) <= limit && editDistance(given, setting) <= limit
}

/** The number of letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function editDistance (one: string, other: string): number {
  let [beforeLast, last]: number[][] = [[], Array.from({ length: other.length + 1 }, (_, index) => index)]
  for (let row = 1; row <= one.length; row++) {
    const current = [row]
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1]
      const isSwapped = row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      current[column] = Math.min(
        at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (isSame ? 0 : 1),
        isSwapped ? at(beforeLast, column - 2) + 1 : Infinity,
      )
    }
    beforeLast = last
    last = current
  }
  return at(last, other.length)
}

function at (distances: number[] | undefined, index: number): number {
  return distances?.[index] ?? Infinity
}
