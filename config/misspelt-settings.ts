import { ConfigSchema } from './settings.js'

const settings = Object.keys(ConfigSchema.properties)
/** From this length on, two letters may be wrong; in shorter names, one: HOST and HOME differ by two. */
const LONG = 9

/** Variables that are no settings, but look like one that is written wrong. Their values are not looked at. */
export function misspeltSettings (environment: Record<string, string | undefined>): Array<{ name: string, meant: string }> {
  return Object.keys(environment).filter((name) => !settings.includes(name)).flatMap((name) => {
    const meant = settings.find((setting) => isAlike(name, setting))
    return meant === undefined ? [] : [{ name, meant }]
  })
}

function isAlike (name: string, setting: string): boolean {
  // Lower case is a mistake only where the name is not a word that others use, too.
  const given = setting.includes('_') ? name.toUpperCase() : name
  const limit = setting.length >= LONG ? 2 : 1
  return Math.abs(given.length - setting.length) <= limit && editDistance(given, setting) <= limit
}

/** How many letters are to be inserted, left out, replaced or swapped with their neighbour (optimal string alignment). */
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
