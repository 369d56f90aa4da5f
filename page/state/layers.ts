import type { UsageDay } from './answers.js'

/** Part of what was stored on each day, in bytes. */
export interface Layer {
  name: string
  bytes: number[]
}

/** Divides each day's total into workflows and a remainder. A workflow without figures for a day had nothing then. */
export function stack (
  days: readonly UsageDay[], names: readonly string[], ofParts: ReadonlyArray<readonly UsageDay[]>, others: string,
): Layer[] {
  const layers = names.map((name, index) => {
    const byDate = new Map(ofParts[index]?.map(({ date, totalBytes }) => [date, totalBytes]))
    return { name, bytes: days.map(({ date }) => byDate.get(date) ?? 0) }
  })
  // The answers are from slightly different instants, so today's parts may add up to more than its total.
  const left = days.map(({ totalBytes }, day) =>
    Math.max(0, layers.reduce((rest, { bytes }) => rest - (bytes[day] ?? 0), totalBytes)))
  return left.some((bytes) => bytes > 0) ? [...layers, { name: others, bytes: left }] : layers
}
