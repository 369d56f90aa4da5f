/**
 * Types of times whose text depends on the session's DateStyle, IntervalStyle and TimeZone, while drivers read the usual text
 * only: date, timestamp, timestamptz, interval, timetz (PostgreSQL, pg_type.dat).
 */
export const rawTimeTypes: readonly number[] = [1082, 1114, 1184, 1186, 1266]

/**
 * Reads a value of any of these types: not at all.
 *
 * @throws {TypeError}
 */
export function refuseRawTime (): never {
  throw new TypeError('How a time is written depends on the session: select it with epochMs or to_char.')
}
