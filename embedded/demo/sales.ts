/** The regions that the demo organisation sells in, in the order of every table and chart. */
export const REGIONS = ['North', 'South', 'East', 'West'] as const

export interface Sale {
  /** YYYY-MM-DD */
  day: string
  region: typeof REGIONS[number]
  orders: number
  revenueCents: number
}

const FIRST_DAY_MS = Date.UTC(2025, 6, 1)
const DAY_MS = 24 * 60 * 60 * 1000
const DAYS_OF_QUARTER = 92
export const WEEKS_OF_QUARTER = 13

/** A quarter of made-up sales, one row for each day and region; the same at every call. */
export function demoSales (): Sale[] {
  const random = pseudoRandom(20250701)
  return Array.from({ length: DAYS_OF_QUARTER }, (_, day) => REGIONS.map((region, regionIndex): Sale => {
    const isWeekend = [0, 6].includes(new Date(FIRST_DAY_MS + day * DAY_MS).getUTCDay())
    const orders = Math.floor((isWeekend ? 6 : 18) + day / 6 + 4 * regionIndex + 9 * random())
    return {
      day: new Date(FIRST_DAY_MS + day * DAY_MS).toISOString().slice(0, 10),
      region,
      orders,
      revenueCents: orders * (3_000 + Math.floor(2_500 * random())),
    }
  })).flat()
}

/** Revenue in cents by week (outer) and region (inner); the last day, the 92nd, belongs to the last week. */
export function weeklyRevenue (sales: readonly Sale[]): number[][] {
  const weeks = Array.from({ length: WEEKS_OF_QUARTER }, () => REGIONS.map(() => 0))
  for (const { day, region, revenueCents } of sales) {
    const weekIndex = Math.min(WEEKS_OF_QUARTER - 1, Math.floor((Date.parse(day) - FIRST_DAY_MS) / (7 * DAY_MS)))
    const week = weeks[weekIndex] ?? []
    const regionIndex = REGIONS.indexOf(region)
    week[regionIndex] = (week[regionIndex] ?? 0) + revenueCents
  }
  return weeks
}

/** What a region sold in the whole quarter. */
export function regionTotals (sales: readonly Sale[]): Array<{ region: string, orders: number, revenueCents: number }> {
  return REGIONS.map((region) => {
    const own = sales.filter((sale) => sale.region === region)
    return {
      region,
      orders: own.reduce((sum, { orders }) => sum + orders, 0),
      revenueCents: own.reduce((sum, { revenueCents }) => sum + revenueCents, 0),
    }
  })
}

/** Cents as a decimal number of the whole unit, such as `1234.50`. */
export function asMoney (cents: number): string {
  return (cents / 100).toFixed(2)
}

/** A linear congruential generator (Numerical Recipes' constants): the demo's files are the same on every machine. */
export function pseudoRandom (seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
