import { endOfPrefix } from '../objects/key-order.js'
import { orgKeyOfPrefix, pathOf } from '../objects/object-key.js'
import { disorderedListing } from '../store/distinct-keys.js'
import type { ComparedRange } from './compared-range.js'
import { type RangeScope, listAfter } from './range-listing.js'

/** How many listings are requested at once. */
const QUESTIONS_AT_ONCE = 4
const PAGE_KEYS = 1_000
/** Characters beyond this are not halved: the range is divided after the first of them. */
const LAST_ASCII = 0x7f

/**
 * Finds a key that divides in two what a range has not listed yet. How many keys are on either side is not known: halves that
 * turn out to be small are soon done, and what is left is divided again.
 *
 * The keys that follow have a common prefix. First its length is found, then the characters that come after it: the range is
 * divided in the middle of these. Identifiers are random, or numbers, so their characters are a fair measure.
 *
 * @param onListed called with how many keys were listed only to find the split point
 * @returns undefined if no more than a page is left, or only files of one folder
 * @throws {DisorderedListingError} if organisations are not listed in order; what listing the bucket throws
 */
export async function findSplitPoint (
  scope: RangeScope, range: ComparedRange, onListed: (count: number) => Promise<void> = async () => {},
): Promise<string | undefined> {
  const splitPoint = await findMiddle(scope, range, onListed)
  // Stores that walk through folders list `a/` before `a.txt`. Between other parts of keys that matters only if one
  // organisation's key is the beginning of another's.
  if (splitPoint === undefined || pathOf(splitPoint) !== '') return undefined
  if (orgKeyOfPrefix(scope.prefix) === undefined) await checkOrganisations(scope, splitPoint)
  return splitPoint
}

async function findMiddle (
  scope: RangeScope, range: ComparedRange, onListed: (count: number) => Promise<void>,
): Promise<string | undefined> {
  // The range itself is about to list this page.
  const { objects, isLast } = await listAfter(scope, range.takenThrough, PAGE_KEYS)
  await onListed(objects.length)
  const lastKey = objects.at(-1)?.objectKey
  if (isLast || lastKey === undefined || !range.reaches(lastKey)) return undefined

  const isFollowed = async (key: string | undefined): Promise<boolean> => {
    if (key === undefined || !range.reaches(key)) return false
    const { objects: [next] } = await listAfter(scope, key)
    return next !== undefined && range.reaches(next.objectKey)
  }
  const characters = [...lastKey]
  const headOf = (length: number) => characters.slice(0, length).join('')
  const shared = range.through === undefined ? [...scope.prefix].length : lengthInCommon(characters, [...range.through])
  const length = await leastOf(shared + 1, characters.length, async (each) => await isFollowed(endOfPrefix(headOf(each))))
  // All keys that follow begin with this whole key.
  if (length === undefined) return await isFollowed(lastKey) ? lastKey : undefined
  const [stem, own] = [headOf(length - 1), characters[length - 1]?.codePointAt(0) ?? 0]
  if (own >= LAST_ASCII) return endOfPrefix(headOf(length))
  const withCharacter = (codePoint: number) => stem + String.fromCodePoint(codePoint)
  const end = await leastOf(own + 2, LAST_ASCII, async (each) => !await isFollowed(withCharacter(each))) ?? LAST_ASCII
  return withCharacter((own + end + 1) >> 1)
}

/** Checks that organisations are listed in order: nothing else shows that some are listed late, after the end of a range. */
async function checkOrganisations (scope: RangeScope, splitPoint: string): Promise<void> {
  const [name = ''] = splitPoint.split('/', 1)
  const ends = [...name.matchAll(/-|$/g)].map(({ index }) => index).filter((end) => end > 0 && end >= scope.prefix.length)
  await Promise.all(ends.map(async (end) => {
    const orgKey = name.slice(0, end)
    const [all, longer] = await Promise.all([orgKey, `${orgKey}-`].map((prefix) => listAfter({ ...scope, prefix }, '')))
    const isLate = all?.objects[0]?.objectKey.startsWith(`${orgKey}/`) === true && longer?.objects[0] !== undefined
    if (isLate) throw disorderedListing()
  }))
}

function lengthInCommon (one: readonly string[], other: readonly string[]): number {
  const length = one.findIndex((character, index) => character !== other[index])
  return length === -1 ? one.length : length
}

/**
 * The least number that passes a test; all numbers after it must pass, too. Undefined if none passes.
 *
 * @param to the last number that is considered
 */
async function leastOf (from: number, to: number, test: (number: number) => Promise<boolean>): Promise<number | undefined> {
  let [low, high] = [from, to + 1]
  while (low < high) {
    const tried = [...new Set(Array.from({ length: QUESTIONS_AT_ONCE }, (_, index) =>
      low + Math.floor((high - low) * (index + 1) / (QUESTIONS_AT_ONCE + 1))))]
    const results = await Promise.all(tried.map(test))
    const first = results.indexOf(true)
    const before = first === -1 ? tried.at(-1) : tried[first - 1]
    if (first !== -1) high = tried[first] ?? high
    if (before !== undefined) low = before + 1
  }
  return low > to ? undefined : low
}
