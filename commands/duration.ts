const SECONDS = new Map([['s', 1], ['m', 60], ['h', 3600], ['d', 86400]])

/** A duration such as 90s, 15m, 12h or 30d, in seconds; NaN if the text is not one. */
export function secondsOf (text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,8})([smhd])$/.exec(text) ?? []
  return Number(count) * (SECONDS.get(unit) ?? NaN)
}
