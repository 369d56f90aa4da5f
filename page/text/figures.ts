const SYMBOLS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
// The page is in English, and so are its figures: 1.234 would be read as a little more than one.
const wholeNumber = new Intl.NumberFormat('en-GB')
const threeDigits = new Intl.NumberFormat('en-GB', { minimumSignificantDigits: 3, maximumSignificantDigits: 3 })
const percentage = new Intl.NumberFormat('en-GB', { style: 'percent', maximumFractionDigits: 1 })
const inWords = (unit: string) => new Intl.NumberFormat('en-GB', { style: 'unit', unit, unitDisplay: 'long' })
const [minutesInWords, hoursInWords, daysInWords] = [inWords('minute'), inWords('hour'), inWords('day')]
const dateAndTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
const dateAndMinute = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })
const dayOfYear = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' })
const dayAndMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })

/** A size in the unit that suits it, to three digits: 48,213 is "48.2 kB". Units are powers of 1,000 (ISO 80000-13). */
export function humanSize (sizeBytes: number): string {
  let size = sizeBytes
  let unit = 0
  // Decided by the rounded value: 999,960 rounds to 1,000 kB, which is 1.00 MB.
  while (Number(size.toPrecision(3)) >= 1000 && unit < SYMBOLS.length - 1) {
    size /= 1000
    unit++
  }
  const digits = unit === 0 || size >= 1000 ? wholeNumber.format(Math.round(size)) : threeDigits.format(size)
  return `${digits}\u00a0${SYMBOLS[unit]}`
}

/** A size to the byte: "48,213 bytes". */
export function exactSize (sizeBytes: number): string {
  return `${wholeNumber.format(sizeBytes)}\u00a0${sizeBytes === 1 ? 'byte' : 'bytes'}`
}

export function exactCount (count: number): string {
  return wholeNumber.format(count)
}

/** "1 file", "1,200 files". */
export function fileCountInWords (count: number): string {
  return `${wholeNumber.format(count)}\u00a0${count === 1 ? 'file' : 'files'}`
}

/** A share of a whole: "64.2%". A share that is not zero is never shown as zero. */
export function share (part: number, whole: number): string {
  if (part === 0 || whole === 0) return percentage.format(0)
  const ratio = part / whole
  return ratio < 0.001 ? `<${percentage.format(0.001)}` : percentage.format(ratio)
}

/** A time from the API in the reader's time zone: "31 Jan 2026, 12:59:58". */
export function localTime (time: string): string {
  return dateAndTime.format(new Date(time))
}

/** The same to the minute, for lists: "31 Jan 2026, 12:59". */
export function localMinute (time: string): string {
  return dateAndMinute.format(new Date(time))
}

/** How long something took, rounded down: in hours from two hours on, in days from two days on. "90 minutes", "3 hours". */
export function durationInWords (durationMs: number): string {
  const minutes = Math.floor(durationMs / 60_000)
  if (minutes < 120) return minutesInWords.format(minutes)
  return minutes < 48 * 60 ? hoursInWords.format(Math.floor(minutes / 60)) : daysInWords.format(Math.floor(minutes / 1440))
}

/** A day in UTC, given as YYYY-MM-DD: "31 Jan 2026". */
export function dayInWords (date: string): string {
  return dayOfYear.format(new Date(date))
}

/** A day in UTC without its year: "31 Jan". */
export function shortDay (timeMs: number): string {
  return dayAndMonth.format(timeMs)
}
