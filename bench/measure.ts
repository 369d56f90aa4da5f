/** Several measurements of one figure. */
export interface Spread {
  minimum: number
  median: number
  maximum: number
}

export function spread (figures: readonly number[]): Spread {
  const sorted = figures.toSorted((left, right) => left - right)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN
  return { minimum: at(0), median: at(0.5), maximum: at(1) }
}

/**
 * Measures two things in turn, round by round, so that both meet the machine in the same moods.
 *
 * @param measureFirst gives one figure
 * @returns both spreads, and that of the first figure over the second, round by round
 */
export async function compare (
  rounds: number, measureFirst: () => Promise<number>, measureSecond: () => Promise<number>,
): Promise<{ first: Spread, second: Spread, ratio: Spread }> {
  const firsts: number[] = []
  const seconds: number[] = []
  for (let round = 0; round < rounds; round++) {
    firsts.push(await measureFirst())
    seconds.push(await measureSecond())
  }
  const ratios = firsts.map((figure, round) => figure / (seconds[round] ?? NaN))
  return { first: spread(firsts), second: spread(seconds), ratio: spread(ratios) }
}

/** One line of a report: `12,345 (11,000 to 13,000)`. */
export function format ({ minimum, median, maximum }: Spread, digits = 0): string {
  const text = (figure: number) => figure.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return `${text(median)} (${text(minimum)} to ${text(maximum)})`
}
