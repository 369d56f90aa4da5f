// The launch of Amazon S3: an earlier time means that the sender had none, such as Go's year 1 or the Unix epoch.
const S3_BEGAN_MS = Date.UTC(2006, 2, 14)
const timestamp = /^(\d{4}-\d\d)-(\d\d)T(?:[01]\d|2[0-3])(?::[0-5]\d){2}(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i
const SHORTEST_MONTH_DAYS = 28

/**
 * Reads when an event happened: an RFC 3339 timestamp in UTC, or with an offset, as from stores that write their local time.
 *
 * @returns undefined if it is malformed, names a day that does not exist, has no offset (and so could be in any zone), or lies
 *   before S3 existed
 */
export function readEventTime (text: unknown): Date | undefined {
  if (typeof text !== 'string') return undefined
  const [, month = '', day = ''] = timestamp.exec(text) ?? []
  if (month === '' || (Number(day) > SHORTEST_MONTH_DAYS && !hasDay(month, Number(day)))) return undefined
  const time = new Date(text.toUpperCase())
  return time.getTime() >= S3_BEGAN_MS ? time : undefined
}

/** JavaScript reads February 30 as March 2. */
function hasDay (month: string, day: number): boolean {
  return new Date(`${month}-${day}`).getUTCDate() === day
}
