/**
 * Cuts the rows read for a page to its length; they include one more if others follow.
 *
 * @returns the page's rows, and its last row unless it is the last page
 */
export function cutPage<Row> (rows: readonly Row[], limit: number): { shown: readonly Row[], last: Row | undefined } {
  return { shown: rows.slice(0, limit), last: rows.length > limit ? rows[limit - 1] : undefined }
}
