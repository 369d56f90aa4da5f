import { type RawBuilder, sql } from 'kysely'

/** An item's position in a list sorted by a number, the greatest first, and then by identifier. */
interface Rank {
  /** A whole number of any size. */
  rank: string
  id: string
}

/** An item's position as text. */
export function writeRank ({ rank, id }: Rank): string {
  return `${rank} ${id}`
}

/** @param position that `writeRank` returned */
export function readRank (position: string): Rank {
  const [rank = '', id = ''] = position.split(' ')
  return { rank, id }
}

/** A number for sorting by times given in milliseconds: items without a time come last. */
export function rankOfTime (milliseconds: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`coalesce(${milliseconds}, -9223372036854775808)`
}

/**
 * Takes a page of `ranked`, a part of the statement with the columns `rank` and `id`.
 *
 * @param after undefined for the first page
 */
export function rankedPage (after: string | undefined, limit: number): RawBuilder<unknown> {
  const isAfter = after === undefined ? sql`` : sql`where (- ranked.rank, ranked.id) > (- ${readRank(after).rank}::numeric, ${readRank(after).id}::uuid)`
  return sql`${isAfter}
    order by ranked.rank desc, ranked.id
    limit ${limit}`
}
