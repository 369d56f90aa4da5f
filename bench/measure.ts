/** Several measurements of one figure. */
export interface Spread {
  minimum: number
  median: number
  maximum: number
}

/** What a case measured, and what it is compared with. */
export interface Measurement {
  case: string
  unit: string
  measured: Spread
  /** The floor or the rival, measured in the same rounds. */
  peer?: { name: string, measured: Spread }
  /** The figure divided by the peer's, round by round. */
  ratio?: Spread
  target?: { text: string, isMet: boolean }
}

/** Measures one figure once. */
export type Measure = () => Promise<number>

export function spread (figures: readonly number[]): Spread {
  const sorted = figures.toSorted((left, right) => left - right)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN
  return { minimum: at(0), median: at(0.5), maximum: at(1) }
}

/**
 * Measures several things in turn, round by round, so that the machine's changing load affects them all alike. A warm-up round
 * is not counted.
 *
 * @returns the figures of each, in the order of the rounds
 */
export async function interleave<Name extends string> (
  rounds: number, measures: Readonly<Record<Name, Measure>>,
): Promise<Record<Name, number[]>> {
  const figures: Record<string, number[]> = {}
  for (let round = -1; round < rounds; round++) {
    for (const [name, measure] of Object.entries<Measure>(measures)) {
      const figure = await measure()
      const list = figures[name] ??= []
      if (round >= 0) list.push(figure)
    }
  }
  return figures
}

/** The ratios of two figures, round by round. */
function ratioOf (figures: readonly number[], peers: readonly number[]): Spread {
  return spread(figures.map((figure, round) => figure / (peers[round] ?? NaN)))
}

/**
 * Compares figures with those of a peer from the same rounds.
 *
 * @param bound on the ratio's median, if there is a target
 */
export function beside (
  name: string, unit: string, figures: readonly number[], peer: { name: string, figures: readonly number[] },
  bound?: { text: string, isMet: (ratio: number) => boolean },
): Measurement {
  const ratio = ratioOf(figures, peer.figures)
  return {
    case: name,
    unit,
    measured: spread(figures),
    peer: { name: peer.name, measured: spread(peer.figures) },
    ratio,
    ...bound === undefined ? {} : { target: { text: bound.text, isMet: bound.isMet(ratio.median) } },
  }
}

/** A bound that a ratio must reach. */
export function atLeast (bound: number): { text: string, isMet: (ratio: number) => boolean } {
  return { text: `≥ ${bound}`, isMet: (ratio) => ratio >= bound }
}

/** A bound that a ratio must not exceed. */
export function atMost (bound: number): { text: string, isMet: (ratio: number) => boolean } {
  return { text: `≤ ${bound}`, isMet: (ratio) => ratio <= bound }
}

/** What something of a given size costs, in any unit. */
export interface Cost {
  size: number
  cost: number
}

/** How a cost grows with size: 0 is not at all, 1 is proportionally (the exponent of the power law through both points). */
export function growth (name: string, few: Cost, many: Cost): Measurement {
  const exponent = Math.log(many.cost / few.cost) / Math.log(many.size / few.size)
  return { case: name, unit: '(exponent)', measured: spread([exponent]) }
}

/** `12,345 (11,000 to 13,000)`; the median first. */
export function format ({ minimum, median, maximum }: Spread, digits = digitsFor(median)): string {
  const text = (figure: number) => figure.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return minimum === maximum ? text(median) : `${text(median)} (${text(minimum)} to ${text(maximum)})`
}

function digitsFor (figure: number): number {
  return Math.abs(figure) < 10 ? 2 : Math.abs(figure) < 100 ? 1 : 0
}
