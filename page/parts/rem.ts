/** How many pixels one rem has: 16, unless the reader has changed the size of text. */
export function remPx (): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
}
