import { compareObjectKeys } from '../objects/key-order.js'
import type { ListingPage, ListingRange } from './listing-pages.js'
import type { ListedObject } from './listing-document.js'

/** The listing's keys are not in order, so it cannot tell which keys are absent. */
export class DisorderedListingError extends Error {
  override name = 'DisorderedListingError'
}

/** What a listing says about a key, as far as it has been read. */
interface HeldKey {
  object: ListedObject
  /** Whether it was listed several times with differences. */
  isDisputed: boolean
  observedAt: Date
}

/**
 * Merges the entries of each key in a listing: Ceph RGW 16 lists a key several times once versioning was suspended, even across
 * pages. If the entries differ, the bucket is asked about the key's current state.
 *
 * @param ask returns what the bucket holds under the key of an entry, the first of those with this key; undefined if nothing
 * @throws {DisorderedListingError} if keys are not in the order of their UTF-8 bytes, or out of range; what `ask` throws
 */
export async function * withDistinctKeys (
  pages: AsyncIterable<ListingPage>, { prefix, startAfter }: ListingRange,
  ask: (listed: ListedObject) => Promise<ListedObject | undefined>,
): AsyncGenerator<ListingPage, undefined> {
  // The last key of a page may be the first one of the next.
  let held: HeldKey | undefined
  const settle = async ({ object, isDisputed }: HeldKey) => {
    const settled = isDisputed ? await ask(object) : object
    return settled === undefined ? [] : [settled]
  }
  for await (const { objects, observedAt, isLast } of pages) {
    const distinct: ListedObject[] = []
    for (const object of objects) {
      const order = compareObjectKeys(object.objectKey, held?.object.objectKey ?? startAfter)
      if (!object.objectKey.startsWith(prefix) || order < 0 || (order === 0 && held === undefined)) throw disorderedListing()
      if (order === 0 && held !== undefined) {
        held.isDisputed ||= !isSameEntry(held.object, object)
        continue
      }
      if (held !== undefined && held.observedAt === observedAt) distinct.push(...await settle(held))
      else if (held !== undefined) yield { objects: await settle(held), observedAt: held.observedAt, isLast: false }
      held = { object, isDisputed: false, observedAt }
    }
    if (isLast && held !== undefined) {
      if (held.observedAt === observedAt) distinct.push(...await settle(held))
      else yield { objects: await settle(held), observedAt: held.observedAt, isLast: false }
    }
    if (isLast || distinct.length > 0) yield { objects: distinct, observedAt, isLast }
  }
}

function isSameEntry (left: ListedObject, right: ListedObject): boolean {
  return left.sizeBytes === right.sizeBytes && left.entityTag === right.entityTag
}

/** The error of a listing whose keys are not in order. */
export function disorderedListing (): DisorderedListingError {
  return new DisorderedListingError('The object storage\'s listing cannot be used: its keys are not in order. Directory buckets of ' +
    'Amazon S3 are listed so, and cannot be used; of any other bucket the operator of the storage should have the index checked.')
}
