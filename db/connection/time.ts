import { type RawBuilder, sql } from 'kysely'

/**
 * A time as milliseconds since 1970, rounded down. Times leave SQL only in this form: their text depends on the session's
 * DateStyle and TimeZone, which a role or a connection pooler may have set to anything.
 *
 * @param time the name of a column, or an expression
 */
export function epochMs (time: string | RawBuilder<unknown>): RawBuilder<bigint> {
  return sql<bigint>`${inMilliseconds(time)}`
}

/** `epochMs` of a time that may be null. */
export function nullableEpochMs (time: string | RawBuilder<unknown>): RawBuilder<bigint | null> {
  return sql<bigint | null>`${inMilliseconds(time)}`
}

function inMilliseconds (time: string | RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`floor(extract(epoch from ${typeof time === 'string' ? sql.ref(time) : time}) * 1000)::bigint`
}

/** A time as microseconds since 1970, PostgreSQL's own precision. */
export function epochMicros (time: string): RawBuilder<bigint> {
  return sql<bigint>`floor(extract(epoch from ${sql.ref(time)}) * 1000000)::bigint`
}

/** The time that `epochMs` returned. */
export function dateOf (epochMilliseconds: bigint): Date {
  return new Date(Number(epochMilliseconds))
}

/** The time that `nullableEpochMs` returned. */
export function nullableDateOf (epochMilliseconds: bigint | null): Date | null {
  return epochMilliseconds === null ? null : dateOf(epochMilliseconds)
}

/** A number of milliseconds as an interval, independent of the session's interval style. */
export function milliseconds (count: number): RawBuilder<unknown> {
  return sql`make_interval(secs => ${count / 1000})`
}

/** The current time by the database's clock: the clocks of replicas differ, and may be wrong. */
export const databaseNow: RawBuilder<Date> = sql<Date>`clock_timestamp()`
