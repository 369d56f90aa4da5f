import { Type } from '@sinclair/typebox'
import type { ListingCursors } from '../objects/listing-cursor.js'
import { InvalidRequestError } from './errors.js'

/** What one page of a list holds at most. */
export const PAGE_MAX = 100

const CURSOR_MAX_LENGTH = 2048

/** Parameters that every list has. */
export const pagingParameters = {
  // Without `default`, which would be read as if it had been sent.
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MAX, description: 'What a page holds at most; without it, 100.' })),
  cursor: Type.Optional(Type.String({
    minLength: 1,
    maxLength: CURSOR_MAX_LENGTH,
    pattern: '^[A-Za-z0-9_-]+$',
    description: '`nextCursor` of the page before, asked for with the same parameters but for `limit`; without it, the first page.',
  })),
}

/** Of figures in a list. */
export const NewestEventAtSchema = Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
  description: 'When the newest event happened that these figures hold; null where only a reconcile found the files.',
})

/** How every page of a list ends. */
export const NextCursorSchema = Type.Union([Type.String(), Type.Null()], {
  description: 'Asks for the page after this one; null on the last page.',
})

/**
 * Where a list continues that a cursor is sent for; undefined where it begins.
 *
 * @param scope everything that decides what is listed, and in which order
 * @throws {InvalidRequestError} when the cursor is not one of that list
 */
export function positionAfter (cursors: ListingCursors, scope: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const position = cursors.open(scope, cursor)
  if (position === undefined) throw new InvalidRequestError('querystring/cursor is not one of this listing.')
  return position
}
