import { Type } from '@sinclair/typebox'

/** What one page of a list holds at most. */
export const PAGE_MAX = 100

const CURSOR_MAX_LENGTH = 2048

/** Parameters that every list has. */
export const pagingParameters = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MAX, default: PAGE_MAX, description: 'What a page holds at most.' })),
  cursor: Type.Optional(Type.String({
    minLength: 1,
    maxLength: CURSOR_MAX_LENGTH,
    pattern: '^[A-Za-z0-9_-]+$',
    description: '`nextCursor` of the page before, asked for with the same parameters but for `limit`; without it, the first page.',
  })),
}

/** How every page of a list ends. */
export const NextCursorSchema = Type.Union([Type.String(), Type.Null()], {
  description: 'Asks for the page after this one; null on the last page.',
})
