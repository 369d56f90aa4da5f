/** How many pixels one rem has: 16, or what the reader has made of it. */
export function remPx (): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
}
