/**
 * Types of times whose text depends on the session's DateStyle, IntervalStyle and TimeZone, while drivers only read the default
 * format: date, timestamp, timestamptz, interval, timetz (PostgreSQL, pg_type.dat).
 */
export const rawTimeTypes: readonly number[] = [1082, 1114, 1184, 1186, 1266]

/**
 * The parser for values of these types: it refuses them all.
 *
 * @throws {TypeError}
 */
export function refuseRawTime (): never {
  throw new TypeError('How a time is written depends on the session: select it with epochMs or to_char.')
}
