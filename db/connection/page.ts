/**
 * Cuts what was read for a page, which is one row more than it holds where others follow.
 *
 * @returns its rows, and the one that it ends with, unless it is the last page
 */
export function cutPage<Row> (rows: readonly Row[], limit: number): { shown: readonly Row[], last: Row | undefined } {
  return { shown: rows.slice(0, limit), last: rows.length > limit ? rows[limit - 1] : undefined }
}
