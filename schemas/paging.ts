import { Type } from '@sinclair/typebox'
import type { ListingCursors } from '../objects/listing-cursor.js'
import { InvalidRequestError } from './errors.js'

/** The most entries on one page of a list. */
export const PAGE_MAX = 100

const CURSOR_MAX_LENGTH = 2048

/** Parameters that every list has. */
export const pagingParameters = {
  // Without `default`, which would be applied as if it had been sent.
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MAX, description: 'The most entries a page may hold; 100 by default.' })),
  cursor: Type.Optional(Type.String({
    minLength: 1,
    maxLength: CURSOR_MAX_LENGTH,
    pattern: '^[A-Za-z0-9_-]+$',
    description: '`nextCursor` of the previous page, with the same parameters except `limit`; without it, the first page.',
  })),
}

/** For the figures in a list. */
export const NewestEventAtSchema = Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
  description: 'Time of the newest event in these figures; null if only a reconcile found the files.',
})

/** The end of every page of a list. */
export const NextCursorSchema = Type.Union([Type.String(), Type.Null()], {
  description: 'Asks for the page after this one; null on the last page.',
})

/**
 * Where a list continues, given its cursor; undefined for its beginning.
 *
 * @param scope everything that decides what is listed, and in which order
 * @throws {InvalidRequestError} if the cursor does not belong to that list
 */
export function positionAfter (cursors: ListingCursors, scope: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const position = cursors.open(scope, cursor)
  if (position === undefined) throw new InvalidRequestError('querystring/cursor is not one of this listing.')
  return position
}
