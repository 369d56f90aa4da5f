const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

// `Sun, 06 Nov 1994 08:49:37 GMT`
const imfFixdate =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d) GMT$/
// `Sunday, 06-Nov-94 08:49:37 GMT`
const rfc850Date =
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d) GMT$/
// `Sun Nov  6 08:49:37 1994`
const asctimeDate =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d) (?<year>\d{4})$/

/**
 * Reads a date of an HTTP header in any of the three forms that a recipient must accept (RFC 9110, section 5.6.7). The name of
 * the weekday must be valid, but need not match the date: the RFC asks for no such check, and nginx and Go make none.
 *
 * @param now decides the century of the two-digit year in the RFC 850 form
 * @returns undefined if the text is not such a date or names a day or time that does not exist
 */
export function parseHttpDate (text: string, now: Date): Date | undefined {
  const full = imfFixdate.exec(text) ?? asctimeDate.exec(text)
  if (full?.groups !== undefined) return dateFromFields(full.groups, Number(full.groups.year))
  const short = rfc850Date.exec(text)
  if (short?.groups === undefined) return undefined
  const century = now.getUTCFullYear() - now.getUTCFullYear() % 100
  const date = dateFromFields(short.groups, century + Number(short.groups.year))
  // "MUST interpret a timestamp that appears to be more than 50 years in the future as representing the most recent year
  // in the past that had the same last two digits."
  const horizon = new Date(now)
  horizon.setUTCFullYear(now.getUTCFullYear() + 50)
  return date !== undefined && date > horizon
    ? dateFromFields(short.groups, century - 100 + Number(short.groups.year))
    : date
}

/**
 * Writes a date as a server must send it, the IMF-fixdate of RFC 9110, section 5.6.7. Fractions of a second are cut off.
 *
 * @throws {RangeError} if the date is invalid or its year does not have four digits
 */
export function formatHttpDate (date: Date): string {
  const year = date.getUTCFullYear()
  if (!(year >= 0 && year <= 9999)) throw new RangeError('The date has no form that fits an HTTP header.')
  return date.toUTCString()
}

function dateFromFields (fields: Record<string, string>, year: number): Date | undefined {
  const month = MONTHS.findIndex((name) => name === fields.month)
  const day = Number(fields.day)
  const hour = Number(fields.hour)
  const minute = Number(fields.minute)
  const second = Number(fields.second)
  // 60 is the leap second, which the grammar allows; Date.UTC counts it as the first second of the next minute.
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const midnight = new Date(Date.UTC(year, month, day))
  // Date.UTC turns 30 February into March, and reads the years 0 to 99 as those of the twentieth century.
  if (midnight.getUTCFullYear() !== year || midnight.getUTCMonth() !== month || midnight.getUTCDate() !== day) return undefined
  return new Date(Date.UTC(year, month, day, hour, minute, second))
}
