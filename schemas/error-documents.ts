import { errorCodes, errorTable } from './errors.js'

/** The documentation's table of all errors, in Markdown, by status. */
export function errorsTable (): string {
  const rows = errorCodes.map((code) => ({ code, ...errorTable[code] })).toSorted((a, b) => a.status - b.status)
  return [
    '| Status | Code | When |',
    '|---|---|---|',
    ...rows.map(({ status, code, meaning }) => `| ${status} | \`${code}\` | ${meaning} |`),
    '',
  ].join('\n')
}
