import type { WorkflowUsage } from '../state/answers.js'

// Characters that spreadsheets take for the beginning of a formula (OWASP, "CSV Injection").
const beginsFormula = /^[=+\-@\t\r]/
const needsQuotes = /[",\r\n]/

/**
 * Workflows as comma-separated values (RFC 4180) with a header; bytes and counts are whole numbers. A name that a spreadsheet
 * would run as a formula is preceded by an apostrophe.
 */
export function workflowsAsCsv (workflows: readonly WorkflowUsage[]): string {
  const rows = workflows.map(({ workflowId, workflowName, bytes, fileCount }) =>
    [workflowId, textCell(workflowName), String(bytes), String(fileCount)])
  return [['workflowId', 'workflowName', 'bytes', 'fileCount'], ...rows].map((cells) => `${cells.join(',')}\r\n`).join('')
}

function textCell (text: string): string {
  const harmless = beginsFormula.test(text) ? `'${text}` : text
  return needsQuotes.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/**
 * The rows of values separated by commas, semicolons or tabs, whichever the first line has most of.
 *
 * @param most how many rows are read at most; the last one may be incomplete if the text is
 */
export function parseCsv (text: string, most: number): string[][] {
  const separator = separatorOf(text)
  const rows: string[][] = []
  let row: string[] = []
  let cell = ''
  let isQuoted = false
  const endRow = () => {
    rows.push([...row, cell])
    row = []
    cell = ''
  }
  for (let at = 0; at < text.length && rows.length < most; at++) {
    const character = text.charAt(at)
    if (isQuoted) {
      if (character !== '"') cell += character
      else if (text.charAt(at + 1) === '"') cell += text.charAt(++at)
      else isQuoted = false
    } else if (character === '"' && cell === '') isQuoted = true
    else if (character === separator) {
      row.push(cell)
      cell = ''
    } else if (character === '\n') endRow()
    else if (character !== '\r') cell += character
  }
  if (rows.length < most && (cell !== '' || row.length > 0)) endRow()
  return rows
}

function separatorOf (text: string): string {
  const [line = ''] = text.split('\n', 1)
  const counts = [',', ';', '\t'].map((separator) => ({ separator, count: line.split(separator).length }))
  return counts.reduce((best, each) => each.count > best.count ? each : best).separator
}
